import { readFile } from "node:fs/promises";
import { joinFields } from "../docker";
import { VersionedImageError } from "../errors";
import type { BakedImage } from "./bakedImage";

/** The values of an image's secrets, by their ids. Throws BakeUnfit for one that is not there, or is no text. */
export async function secretsOf(image: BakedImage, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const read = Object.keys(image.secrets).map(async (id) => {
    const place = placeOf(image, id, env);
    return [id, "value" in place ? place.value : await textOf(image, id, place.file)] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** An image's secrets as `docker buildx build --secret` takes them. Throws BakeUnfit for one whose variable is not set. */
export function secretOptions(image: BakedImage, env: NodeJS.ProcessEnv): string[] {
  return Object.keys(image.secrets).map((id) => {
    const place = placeOf(image, id, env);
    return joinFields([`id=${id}`, "value" in place ? `env=${place.variable}` : `src=${place.file}`]);
  });
}

/** Where a secret is: a variable that is set counts before a file. */
function placeOf(
  image: BakedImage,
  id: string,
  env: NodeJS.ProcessEnv,
): { variable: string; value: string } | { file: string } {
  const { variable, file } = image.secrets[id] ?? {};
  const value = variable === undefined ? undefined : env[variable];
  if (variable !== undefined && value !== undefined) {
    return { variable, value };
  }
  if (file === undefined) {
    throw unreadable(image, id, `the environment variable ${variable} is not set`);
  }
  return { file };
}

async function textOf(image: BakedImage, id: string, file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw unreadable(image, id, error.message);
  });
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) {
    throw unreadable(image, id, `${file} is not UTF-8 text`);
  }
  return text;
}

function unreadable({ name }: BakedImage, id: string, why: string): VersionedImageError {
  return new VersionedImageError(
    "BakeUnfit",
    `The bake target ${name} has the secret ${id}, which can't be read: ${why}.`,
  );
}
