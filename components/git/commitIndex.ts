import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type GitOptions, git } from "./git";
import { gitDirectoryFor } from "./gitDirectory";

/** All that a commit holds, read into an index apart from the repository's own. */
export interface CommitIndex {
  entries: IndexEntry[];
  /** The paths that are wanted of it so far, one list for each who has it. */
  wanted: readonly string[][];
  /** Does work for all who have it, once; it is given a folder that is there for as long as someone has the index. */
  once<T>(work: (folder: string) => Promise<T>): Promise<T>;
  /** Runs git with this index, in a directory that it takes for the work tree. */
  git(args: string[], options: Pick<GitOptions, "cwd" | "input" | "purpose" | "failedIf">): Promise<string>;
}

export interface IndexEntry {
  mode: string;
  hash: string;
  /** Relative to the repository's root. */
  name: string;
}

interface Shared {
  users: number;
  wanted: string[][];
  folder: Promise<string>;
  index: Promise<CommitIndex>;
}

const shared = new Map<string, Shared>();

/** Lends a commit's index. It is read once for all who ask while someone has it: often many images have one commit. */
export async function withCommitIndex<T>(
  workTree: string,
  commit: string,
  paths: string[],
  work: (index: CommitIndex) => Promise<T>,
): Promise<T> {
  const key = JSON.stringify([workTree, commit]);
  const lent = shared.get(key) ?? lend(workTree, commit);
  shared.set(key, lent);
  lent.users++;
  lent.wanted.push(paths);
  try {
    return await work(await lent.index);
  } finally {
    if (--lent.users === 0) {
      shared.delete(key);
      await rm(await lent.folder, { recursive: true, force: true });
    }
  }
}

function lend(workTree: string, commit: string): Shared {
  const folder = mkdtemp(path.join(tmpdir(), "commit-index-"));
  const wanted: string[][] = [];
  return { users: 0, wanted, folder, index: folder.then((made) => read(workTree, commit, wanted, made)) };
}

/** Settings of this clone and machine that would change what is written, or write to the repository. */
const CONFIG = [
  "core.attributesFile=/dev/null",
  "core.autocrlf=false",
  "core.eol=lf",
  "core.ignoreCase=false",
  "core.sparseCheckout=false",
  "core.splitIndex=false",
  "core.symlinks=true",
];

async function read(
  workTree: string,
  commit: string,
  wanted: readonly string[][],
  folder: string,
): Promise<CommitIndex> {
  const env = {
    GIT_DIR: await gitDirectoryFor(workTree, commit, folder),
    GIT_INDEX_FILE: path.join(folder, "index"),
    GIT_ATTR_NOSYSTEM: "1",
    // A git that can be told to read attributes from elsewhere (attr.tree) is told to read the commit's.
    GIT_ATTR_SOURCE: commit,
  };
  const run: CommitIndex["git"] = (args, options) =>
    git(args, { ...options, env: { ...env, GIT_WORK_TREE: options.cwd }, config: CONFIG });
  await run(["read-tree", commit], { cwd: folder, purpose: "files" });
  const listed = await run(["ls-files", "-s", "-z"], { cwd: folder });
  let done: Promise<unknown> | undefined;
  const once: CommitIndex["once"] = (work) => {
    done ??= work(folder);
    return done as ReturnType<typeof work>;
  };
  return { entries: listed.split("\0").slice(0, -1).map(parse), wanted, once, git: run };
}

function parse(line: string): IndexEntry {
  const [mode = "", hash = ""] = line.split(" ", 2);
  return { mode, hash, name: line.slice(line.indexOf("\t") + 1) };
}
