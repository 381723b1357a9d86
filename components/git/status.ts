import { copyFile, lstat, mkdtemp, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import type { Change } from "../version";
import { ifThere } from "./files";
import { git } from "./git";

/** What git sees below some paths that is not committed. */
export interface Status {
  changes: Change[];
  ignored: string[];
}

/** The changes and the ignored files below the paths, whatever the user's settings hide. */
export async function readStatus(root: string, paths: string[]): Promise<Status> {
  const printed = await git(
    [
      "status",
      "--porcelain=v1",
      "-z",
      // So that something is printed even where all is clean.
      "--branch",
      "--no-ahead-behind",
      "--no-renames",
      "--untracked-files=all",
      "--ignored=matching",
      "--ignore-submodules=none",
      "--",
      ...(paths.includes("") ? [] : paths),
    ],
    { cwd: root },
  );
  const entries = printed
    .split("\0")
    .filter((entry) => entry !== "" && !entry.startsWith("## "))
    .map((entry) => ({ status: entry.slice(0, 2), path: entry.slice(3).replace(/\/$/, "") }));
  return {
    changes: entries.filter(({ status }) => status !== "!!"),
    ignored: entries.filter(({ status }) => status === "!!").map(({ path }) => path),
  };
}

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
  const limit = ["--", ...(paths.includes("") ? [] : paths)];
  const printed = await git(["ls-files", "-v", "-s", "-z", ...limit], { cwd: root });
  const entries = printed
    .split("\0")
    .filter((line) => line !== "")
    .map(parse);
  const flagged = entries.filter(({ tag, mode }) => mode !== GITLINK && (tag === "S" || tag === tag.toLowerCase()));
  const gitlinks = entries.filter(({ mode }) => mode === GITLINK);
  const [statuses, checkedOut] = await Promise.all([
    statusesOf(root, flagged, limit),
    Promise.all(gitlinks.map(({ name }) => ifThere(lstat(path.join(root, name, ".git"))))),
  ]);
  const isLeftOut = ({ tag, name }: IndexEntry) => tag.toUpperCase() === "S" && statuses.get(name) === "D";
  return {
    hidden: flagged.filter((entry) => statuses.has(entry.name) && !isLeftOut(entry)).map(({ name }) => name),
    leftOut: flagged.filter(isLeftOut).map(({ name }) => name),
    uninitialized: gitlinks.filter((_, index) => !checkedOut[index]).map(({ name }) => name),
  };
}

const GITLINK = "160000";

interface IndexEntry {
  /** As `git ls-files -v` prints it: S for skip-worktree, lower case for assume-unchanged. */
  tag: string;
  mode: string;
  name: string;
}

function parse(line: string): IndexEntry {
  const tab = line.indexOf("\t");
  const [tag = "", mode = ""] = line.slice(0, tab).split(" ");
  return { tag, mode, name: line.slice(tab + 1) };
}

/** What git says of files that it was told not to look at, by a copy of the index that does not tell it so: M, D or T by name. */
async function statusesOf(root: string, entries: IndexEntry[], limit: string[]): Promise<Map<string, string>> {
  if (entries.length === 0) {
    return new Map();
  }
  const folder = await mkdtemp(path.join(tmpdir(), "index-")).catch((error: Error) => {
    throw new VersionedImageError(
      "GitFailed",
      `Git was told not to look at changes of files in ${root}, and finds them with a copy of its index, which can't be written: ` +
        `${error.message}. Set TMPDIR to a folder that can be written.`,
      { cause: error },
    );
  });
  try {
    // A split index would have its other half written beside the repository's own.
    const config = ["core.splitIndex=false"];
    const options = { cwd: root, config, env: { GIT_INDEX_FILE: path.join(folder, "index") } };
    const own = await git(["rev-parse", "--git-path", "index"], { cwd: root });
    const index = path.resolve(root, own.replace(/\n$/, ""));
    await copyFile(index, options.env.GIT_INDEX_FILE);
    // By its time git knows which files may have changed just after it was written.
    const { atime, mtime } = await stat(index);
    await utimes(options.env.GIT_INDEX_FILE, atime, mtime);
    const input = entries.map(({ name }) => `${name}\0`).join("");
    for (const flag of ["--no-assume-unchanged", "--no-skip-worktree"]) {
      await git(["update-index", flag, "-z", "--stdin"], { ...options, input });
    }
    const fields = (await git([...DIFF, ...limit], options)).split("\0");
    return new Map(fields.flatMap((name, index) => (index % 2 === 1 ? [[name, fields[index - 1] ?? ""]] : [])));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const DIFF = [
  ...["diff", "--name-status", "-z", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv"],
  "--ignore-submodules=all",
];
