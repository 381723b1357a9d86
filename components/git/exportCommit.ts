import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import type { Version } from "../version";
import { explain, type GitOptions, git } from "./git";

/**
 * Writes the committed files of a version into a directory that then is its context, through git's own filters and
 * without touching the repository, its index or its work tree. Submodules are written from the commit that is recorded for
 * them. Throws LfsNotInstalled, SubmoduleNotInitialized, or GitFailed with git's own words.
 */
export async function exportCommit(version: Version, into: string): Promise<void> {
  const scratch = `${path.resolve(into)}.checkout`;
  const tree = path.join(scratch, "tree");
  await mkdir(tree, { recursive: true });
  try {
    const paths = version.paths.includes("") ? [] : version.paths;
    await checkOut({ workTree: version.root, commit: version.commit, paths, into: tree, scratch });
    const context = path.join(tree, version.context);
    for (const entry of await readdir(context)) {
      await rename(path.join(context, entry), path.join(into, entry));
    }
  } catch (error) {
    throw explain(error, version.root);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Checkout {
  /** Where the repository is checked out. */
  workTree: string;
  commit: string;
  /** Relative to the repository's root; empty for all. */
  paths: string[];
  into: string;
  /** A folder for files that are of no use afterwards. */
  scratch: string;
}

/** Settings of this machine that would change what is written. */
const CONFIG = [
  "core.autocrlf=false",
  "core.eol=lf",
  "core.attributesFile=/dev/null",
  "core.sparseCheckout=false",
  "core.symlinks=true",
];

async function checkOut({ workTree, commit, paths, into, scratch }: Checkout): Promise<void> {
  const gitDir = (await git(["rev-parse", "--absolute-git-dir"], { cwd: workTree })).replace(/\n$/, "");
  const index = path.join(scratch, `index-${path.basename(gitDir)}-${commit}`);
  const options: GitOptions = {
    cwd: into,
    env: { GIT_DIR: gitDir, GIT_WORK_TREE: into, GIT_INDEX_FILE: index, GIT_ATTR_NOSYSTEM: "1" },
    config: CONFIG,
  };
  await git(["read-tree", commit], options);
  const listed = await git(["ls-files", "-s", "-z", "--", ...paths], options);
  const entries = listed
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const [mode = "", hash = ""] = line.split(" ", 2);
      return { mode, hash, name: line.slice(line.indexOf("\t") + 1) };
    });
  refuseUnreadable(entries.map(({ name }) => name));
  const files = entries.filter(({ mode }) => mode !== "160000");
  if (files.length > 0) {
    await git(["checkout-index", "--force", "-z", "--stdin"], { ...options, input: lines(files) });
    // Git filters no symbolic links.
    const filtered = lines(files.filter(({ mode }) => mode !== "120000"));
    const attributes = await git(["check-attr", "--cached", "-z", "--stdin", "filter"], {
      ...options,
      input: filtered,
    });
    await refusePointers(attributes, into);
  }
  for (const { hash, name } of entries.filter(({ mode }) => mode === "160000")) {
    await checkOutSubmodule(path.join(workTree, name), hash, path.join(into, name), scratch);
  }
}

function lines(entries: { name: string }[]): string {
  return entries.map(({ name }) => `${name}\0`).join("");
}

/** Names are read as UTF-8; of others, nobody could ask for the file. */
function refuseUnreadable(names: string[]): void {
  const broken = names.find((name) => name.includes("\uFFFD"));
  if (broken !== undefined) {
    throw new VersionedImageError(
      "GitFailed",
      `The name of ${JSON.stringify(broken)} is not UTF-8, so the file can't be put into an image. Rename it with git mv.`,
    );
  }
}

async function checkOutSubmodule(workTree: string, commit: string, into: string, scratch: string): Promise<void> {
  await mkdir(into, { recursive: true });
  try {
    await git(["cat-file", "-e", `${commit}^{commit}`], { cwd: workTree });
  } catch (error) {
    throw new VersionedImageError(
      "SubmoduleNotInitialized",
      `The submodule ${workTree} does not have its commit ${commit}. Run \`git submodule update --init --recursive\`.`,
      { cause: error },
    );
  }
  await checkOut({ workTree, commit, paths: [], into, scratch });
}

/** Without its filter, Git LFS leaves small text files that stand for the large ones. */
async function refusePointers(attributes: string, directory: string): Promise<void> {
  const fields = attributes.split("\0");
  for (let index = 0; index + 2 < fields.length; index += 3) {
    const [name = "", , value] = fields.slice(index, index + 3);
    if (value === "lfs" && (await startsWith(path.join(directory, name), "version https://git-lfs.github.com/spec/"))) {
      throw new VersionedImageError(
        "LfsNotInstalled",
        `${name} is stored with Git LFS, which is not set up here: only a pointer to it would be in the image. ` +
          "Install git-lfs, then run `git lfs install` and `git lfs pull`.",
      );
    }
  }
}

async function startsWith(file: string, text: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(text.length), 0, text.length, 0);
    return buffer.subarray(0, bytesRead).toString() === text;
  } finally {
    await handle.close();
  }
}
