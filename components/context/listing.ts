import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { forEachFew, OPEN_FILES } from "../concurrency";

/** Files of up to so many bytes are read at once, which is quicker. */
const SMALL = 256 * 1024;

/** What is at each path of a directory: "755 <sha256>" for a file, "link <target>" for a symbolic link. */
export type Listing = Record<string, string>;

/** Lists a directory with its content, in the order of the paths. */
export async function listContent(directory: string): Promise<Listing> {
  const files = (await walk(directory, "")).sort();
  const described = await forEachFew(files, OPEN_FILES, (file) => describe(path.join(directory, file)));
  return Object.fromEntries(files.map((file, index) => [file, described[index] ?? ""]));
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
    hash.update(await readFile(file));
  } else {
    await pipeline(createReadStream(file), hash);
  }
  return `${(stats.mode & 0o777).toString(8)} ${hash.digest("hex")}`;
}
