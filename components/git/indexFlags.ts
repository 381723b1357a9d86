import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import * as path from "node:path";
import { ifThere } from "./files";
import { git } from "./git";

/** What the index says of the files below some paths, beyond what status shows. */
export interface IndexFacts {
  /** Files that differ from the index although git was told not to look (assume-unchanged, skip-worktree). */
  hidden: string[];
  /** Files that are not on disk because git was told not to put them there (a sparse checkout). */
  leftOut: string[];
  /** Submodules that are not checked out. */
  uninitialized: string[];
}

/** Finds what `git status` keeps quiet about. */
export async function readIndexFacts(root: string, paths: string[]): Promise<IndexFacts> {
  const printed = await git(["ls-files", "-v", "-s", "-z", "--", ...(paths.includes("") ? [] : paths)], { cwd: root });
  const entries = printed
    .split("\0")
    .filter((line) => line !== "")
    .map(parse);
  const flagged = entries.filter(({ tag, mode }) => mode !== GITLINK && (tag === "S" || tag === tag.toLowerCase()));
  const gitlinks = entries.filter(({ mode }) => mode === GITLINK);
  const [{ changed, leftOut }, checkedOut] = await Promise.all([
    compared(root, flagged),
    Promise.all(gitlinks.map(({ name }) => ifThere(lstat(path.join(root, name, ".git"))))),
  ]);
  return {
    hidden: flagged.filter((entry) => changed.has(entry)).map(({ name }) => name),
    leftOut: flagged.filter((entry) => leftOut.has(entry)).map(({ name }) => name),
    uninitialized: gitlinks.filter((_, index) => !checkedOut[index]).map(({ name }) => name),
  };
}

const GITLINK = "160000";
const SYMLINK = "120000";

/** So many names fit into one command line, however long they are. */
const NAMES_A_CALL = 200;

interface IndexEntry {
  /** As `git ls-files -v` prints it: S for skip-worktree, lower case for assume-unchanged. */
  tag: string;
  mode: string;
  hash: string;
  name: string;
}

function parse(line: string): IndexEntry {
  const tab = line.indexOf("\t");
  const [tag = "", mode = "", hash = ""] = line.slice(0, tab).split(" ");
  return { tag, mode, hash, name: line.slice(tab + 1) };
}

interface Compared {
  /** Those that are something else on disk. */
  changed: Set<IndexEntry>;
  /** Those that a sparse checkout leaves out. */
  leftOut: Set<IndexEntry>;
}

/** Compares with what is on disk. What has become a directory, a pipe and the like is never opened. */
async function compared(root: string, entries: IndexEntry[]): Promise<Compared> {
  const changed = new Set<IndexEntry>();
  const leftOut = new Set<IndexEntry>();
  const files: IndexEntry[] = [];
  await Promise.all(
    entries.map(async (entry) => {
      const file = path.join(root, entry.name);
      const stats = await ifThere(lstat(file));
      if (entry.mode !== SYMLINK && stats?.isFile()) {
        files.push(entry);
      } else if (!stats && entry.tag.toUpperCase() === "S") {
        leftOut.add(entry);
      } else if (await differs(file, stats, entry)) {
        changed.add(entry);
      }
    }),
  );
  for (let first = 0; first < files.length; first += NAMES_A_CALL) {
    const some = files.slice(first, first + NAMES_A_CALL);
    const hashes = (await git(["hash-object", "--", ...some.map(({ name }) => name)], { cwd: root })).split("\n");
    for (const [index, entry] of some.entries()) {
      if (hashes[index] !== entry.hash) {
        changed.add(entry);
      }
    }
  }
  return { changed, leftOut };
}

/** Of what is not a file both in the index and on disk; what is gone was removed behind git's back. */
async function differs(file: string, stats: Stats | undefined, { mode, hash }: IndexEntry): Promise<boolean> {
  return (
    !stats ||
    mode !== SYMLINK ||
    !stats.isSymbolicLink() ||
    blobHash(await readlink(file, "buffer"), hash.length) !== hash
  );
}

function blobHash(content: Buffer, digits: number): string {
  const format = digits === 64 ? "sha256" : "sha1";
  return createHash(format).update(`blob ${content.length}\0`).update(content).digest("hex");
}
