import { readFile } from "node:fs/promises";
import { VersionedImageError } from "../errors";
import type { BakedImage } from "./bakedImages";

/** The values of an image's secrets, by their ids. Throws BakeUnfit for one that is not there, or is no text. */
export async function secretsOf(image: BakedImage, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const read = Object.entries(image.secrets).map(async ([id, { variable, file }]) => {
    const value = variable === undefined ? undefined : env[variable];
    if (value === undefined && file === undefined) {
      throw unreadable(image, id, `the environment variable ${variable} is not set`);
    }
    return [id, value ?? (await textOf(image, id, file as string))] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

async function textOf(image: BakedImage, id: string, file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw unreadable(image, id, error.message);
  });
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) {
    throw unreadable(image, id, `${file} is no text in UTF-8, which a secret must be here`);
  }
  return text;
}

function unreadable({ name }: BakedImage, id: string, why: string): VersionedImageError {
  return new VersionedImageError(
    "BakeUnfit",
    `The bake target ${name} has the secret ${id}, which can't be read: ${why}.`,
  );
}
