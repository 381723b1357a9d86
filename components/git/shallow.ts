import { readFile } from "node:fs/promises";
import * as path from "node:path";

/** The commits at which a shallow clone's history ends; none in a full clone. */
export async function readShallow(commonDir: string): Promise<Set<string>> {
  try {
    const content = await readFile(path.join(commonDir, "shallow"), "utf8");
    return new Set(content.split("\n").filter((line) => line !== ""));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return new Set();
    }
    throw error;
  }
}
