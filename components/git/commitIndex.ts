import * as path from "node:path";
import { type GitOptions, git } from "./git";
import { gitDirectoryFor } from "./gitDirectory";

/** All that a commit holds, read into an index apart from the repository's own. */
export interface CommitIndex {
  entries: IndexEntry[];
  /** Runs git with this index, in a directory that it takes for the work tree. */
  git(args: string[], options: Pick<GitOptions, "cwd" | "input" | "purpose" | "failedIf">): Promise<string>;
}

export interface IndexEntry {
  mode: string;
  hash: string;
  /** Relative to the repository's root. */
  name: string;
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

/** Reads a commit's index; what it needs on disk is in `folder`. */
export async function readCommitIndex(workTree: string, commit: string, folder: string): Promise<CommitIndex> {
  const env = {
    GIT_DIR: await gitDirectoryFor(workTree, commit, folder),
    GIT_INDEX_FILE: path.join(folder, "index"),
    GIT_ATTR_NOSYSTEM: "1",
    // A git that can be told to read attributes from elsewhere (attr.tree) is told to read the commit's.
    GIT_ATTR_SOURCE: commit,
  };
  const run: CommitIndex["git"] = (args, options) =>
    git(args, { ...options, at: workTree, env: { ...env, GIT_WORK_TREE: options.cwd }, config: CONFIG });
  await run(["read-tree", commit], { cwd: folder, purpose: "files" });
  const listed = await run(["ls-files", "-s", "-z"], { cwd: folder });
  return { entries: listed.split("\0").slice(0, -1).map(parse), git: run };
}

function parse(line: string): IndexEntry {
  const [mode = "", hash = ""] = line.split(" ", 2);
  return { mode, hash, name: line.slice(line.indexOf("\t") + 1) };
}
