import { lstat, readlink } from "node:fs/promises";
import * as path from "node:path";
import { git } from "./git";

/** What the index says of the files below some paths, beyond what status shows. */
export interface IndexFacts {
  /** Files that differ from the index although git was told not to look (assume-unchanged, skip-worktree). */
  hidden: string[];
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
  const [hidden, uninitialized] = await Promise.all([
    select(flagged, (entry) => differs(root, entry)),
    select(gitlinks, async ({ name }) => !(await exists(path.join(root, name, ".git")))),
  ]);
  return { hidden, uninitialized };
}

const GITLINK = "160000";

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

async function differs(root: string, { tag, mode, hash, name }: IndexEntry): Promise<boolean> {
  const file = path.join(root, name);
  if (!(await exists(file))) {
    // Left out by a sparse checkout, which harms nothing; or removed behind git's back.
    return tag.toUpperCase() !== "S";
  }
  if (mode === "120000") {
    const link = await readlink(file).catch(() => undefined);
    return link === undefined || (await git(["hash-object", "--stdin"], { cwd: root, input: link })).trim() !== hash;
  }
  return (await git(["hash-object", "--", name], { cwd: root })).trim() !== hash;
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      return false;
    }
    throw error;
  }
}

async function select(entries: IndexEntry[], test: (entry: IndexEntry) => Promise<boolean>): Promise<string[]> {
  const results = await Promise.all(entries.map(test));
  return entries.filter((_, index) => results[index]).map(({ name }) => name);
}
