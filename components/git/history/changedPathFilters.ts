import { open, readFile } from "node:fs/promises";
import * as path from "node:path";
import { git } from "../git";

/** Whether the repository's commit-graph has changed-path filters (`git commit-graph write --changed-paths`). */
export async function hasChangedPathFilters(root: string): Promise<boolean> {
  const printed = await git(["rev-parse", "--git-path", "objects/info"], { cwd: root });
  const info = path.resolve(root, printed.replace(/\n$/, ""));
  const files = [path.join(info, "commit-graph"), ...(await chained(path.join(info, "commit-graphs")))];
  const chunks = await Promise.all(files.map(chunksOf));
  const found = chunks.filter((names) => names !== undefined);
  return found.length > 0 && found.every((names) => names.includes("BIDX"));
}

/** The files of a commit-graph that is written in steps. */
async function chained(directory: string): Promise<string[]> {
  const chain = await orAbsent(readFile(path.join(directory, "commit-graph-chain"), "utf8"));
  const hashes = (chain ?? "").split("\n").filter((line) => line !== "");
  return hashes.map((hash) => path.join(directory, `graph-${hash}.graph`));
}

/** The names of a commit-graph's chunks, from its table of contents; undefined where there is no such file. */
async function chunksOf(file: string): Promise<string[] | undefined> {
  const handle = await orAbsent(open(file));
  if (!handle) {
    return undefined;
  }
  try {
    // "CGPH", format, hash, number of chunks, number of base graphs; then an entry of 4 + 8 bytes a chunk.
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8 + 12 * 255), 0, undefined, 0);
    const header = buffer.subarray(0, bytesRead);
    const count = header.length >= 8 && header.toString("latin1", 0, 4) === "CGPH" ? (header[6] ?? 0) : 0;
    return Array.from({ length: count }, (_, chunk) => header.toString("latin1", 8 + 12 * chunk, 12 + 12 * chunk));
  } finally {
    await handle.close();
  }
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
