import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { ifThere } from "./files";

/** The commits at which a shallow clone's history ends; none in a full clone. */
export async function readShallow(commonDir: string): Promise<Set<string>> {
  const content = await ifThere(readFile(path.join(commonDir, "shallow"), "utf8"));
  return new Set(content?.split("\n").filter((line) => line !== ""));
}
