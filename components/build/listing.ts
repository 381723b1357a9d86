import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";

/** What is at each path of a directory: "755 <sha256>" for a file, "link <target>" for a symbolic link. */
export type Listing = Record<string, string>;

/** Up to this size, in bytes, a file is read at once: a stream takes longer to set up than the reading. */
const SMALL = 1 << 20;

/** Lists a directory with its content, in the order of the paths. */
export async function listContent(directory: string): Promise<Listing> {
  const files = await walk(directory, "");
  const listing: Listing = {};
  for (const file of files.sort()) {
    listing[file] = await describe(path.join(directory, file));
  }
  return listing;
}

/** The paths at which two listings differ. */
export function differences(one: Listing, other: Listing): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((file) => one[file] !== other[file]).sort();
}

async function walk(root: string, directory: string): Promise<string[]> {
  const entries = await readdir(path.join(root, directory), { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const name = path.join(directory, entry.name);
      return entry.isDirectory() ? walk(root, name) : [name];
    }),
  );
  return found.flat();
}

async function describe(file: string): Promise<string> {
  const stats = await lstat(file);
  if (stats.isSymbolicLink()) {
    return `link ${await readlink(file)}`;
  }
  const hash = createHash("sha256");
  if (stats.size <= SMALL) {
    hash.update(readFileSync(file));
  } else {
    await pipeline(createReadStream(file), hash);
  }
  return `${(stats.mode & 0o777).toString(8)} ${hash.digest("hex")}`;
}
