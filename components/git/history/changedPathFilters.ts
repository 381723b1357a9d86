import { type FileHandle, open, readFile } from "node:fs/promises";
import * as path from "node:path";
import { git } from "../git";

/**
 * How many commits the repository's commit-graph has changed-path filters for (`git commit-graph write --changed-paths`);
 * 0 if a part of it has none.
 */
export async function commitsWithFilters(root: string): Promise<number> {
  const printed = await git(["rev-parse", "--git-path", "objects/info"], { cwd: root });
  const info = path.resolve(root, printed.replace(/\n$/, ""));
  const files = [path.join(info, "commit-graph"), ...(await chained(path.join(info, "commit-graphs")))];
  const counts = (await Promise.all(files.map(filtersIn))).filter((count) => count !== undefined);
  return counts.includes(0) ? 0 : counts.reduce((sum, count) => sum + count, 0);
}

/** The files of a commit-graph that is written in steps. */
async function chained(directory: string): Promise<string[]> {
  const chain = await orAbsent(readFile(path.join(directory, "commit-graph-chain"), "utf8"));
  const hashes = (chain ?? "").split("\n").filter((line) => line !== "");
  return hashes.map((hash) => path.join(directory, `graph-${hash}.graph`));
}

/** How many commits a file of the commit-graph has filters for; undefined where there is no such file. */
async function filtersIn(file: string): Promise<number | undefined> {
  const handle = await orAbsent(open(file));
  if (!handle) {
    return undefined;
  }
  try {
    const header = await readBytes(handle, 0, 8);
    if (header.length < 8 || header.toString("latin1", 0, 4) !== "CGPH") {
      return 0;
    }
    // Byte 6 counts the chunks; each has a name of 4 bytes and an offset of 8 in the table that follows.
    const count = header.readUInt8(6);
    const table = await readBytes(handle, 8, 12 * count);
    const chunks = new Map(
      Array.from({ length: Math.floor(table.length / 12) }, (_, number) => {
        const at = 12 * number;
        return [table.toString("latin1", at, at + 4), Number(table.readBigUInt64BE(at + 4))];
      }),
    );
    const fanout = chunks.get("OIDF");
    if (fanout === undefined || !chunks.has("BIDX")) {
      return 0;
    }
    // The last of the fan-out's 256 numbers counts all commits.
    const total = await readBytes(handle, fanout + 255 * 4, 4);
    return total.length === 4 ? total.readUInt32BE() : 0;
  } finally {
    await handle.close();
  }
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
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
