import { readFile } from "node:fs/promises";
import { unreadable } from "./unreadable";

const NOT_THERE = new Set(["ENOENT", "ENOTDIR"]);

/** A file's text; undefined if there is no such file. Throws InvalidArgument if it can't be read. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? "")) {
      return undefined;
    }
    throw unreadable(file, (error as Error).message, error);
  }
}
