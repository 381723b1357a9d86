import { readFile } from "node:fs/promises";
import { VersionedImageError } from "../../components/errors";
import type { Io } from "../output";

/** The references that a file names, or standard input where it is "-"; none without a file. Throws InvalidArgument. */
export async function readList(file: string | undefined, io: Io): Promise<string[]> {
  if (file === undefined) {
    return [];
  }
  try {
    return referencesIn(file === "-" ? await io.input() : await readFile(file, "utf8"));
  } catch (error) {
    throw new VersionedImageError(
      "InvalidArgument",
      `The list of references can't be read: ${(error as Error).message}. Name a file with one on each line, or - for standard input.`,
      { cause: error },
    );
  }
}

/** A reference a line; empty lines and those that begin with # are left out. */
export function referencesIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
