import { type CopyOptions, constants } from "node:fs";
import { cp, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import type { Version } from "../version";
import { type CommitIndex, type IndexEntry, withCommitIndex } from "./commitIndex";
import { explain } from "./explain";
import { git } from "./git";
import { isWithin } from "./locate";

/**
 * Writes the committed files of a version into a directory that then is its context, through git's own filters and
 * without touching the repository, its index or its work tree. Submodules are written from the commit that is recorded for
 * them. Throws LfsNotInstalled, SubmoduleNotInitialized, or GitFailed with git's own words.
 */
export async function exportCommit(version: Version, into: string): Promise<void> {
  const tree = `${path.resolve(into)}.checkout`;
  await mkdir(tree, { recursive: true });
  try {
    await checkOut(version.root, version.commit, version.paths, tree);
    const context = path.join(tree, version.context);
    for (const entry of await readdir(context)) {
      await rename(path.join(context, entry), path.join(into, entry));
    }
  } catch (error) {
    throw explain(error, version.root);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** Writes what a commit holds at some paths; what several images want of it at the same time is written once. */
function checkOut(workTree: string, commit: string, paths: string[], into: string): Promise<void> {
  return withCommitIndex(workTree, commit, paths, async (index) => {
    const common =
      index.wanted.length > 1 ? await index.once((folder) => writeAll(workTree, index, folder)) : undefined;
    if (common && paths.every((wanted) => common.paths.includes(wanted))) {
      for (const wanted of paths) {
        await cp(path.join(common.directory, wanted), path.join(into, wanted), COPY);
      }
    } else {
      await write(workTree, index, paths, into);
    }
  });
}

/** Links stay what they are in git, and blocks are shared where the file system can. */
const COPY: CopyOptions = { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE };

/** What all images want; nothing if that fails, so that each meets its own errors alone. */
async function writeAll(workTree: string, index: CommitIndex, folder: string) {
  const paths = [...new Set(index.wanted.flat())];
  const directory = path.join(folder, "files");
  await mkdir(directory);
  try {
    await write(workTree, index, paths, directory);
    return { paths, directory };
  } catch {
    return undefined;
  }
}

async function write(workTree: string, index: CommitIndex, paths: string[], into: string): Promise<void> {
  const entries = index.entries.filter(({ name }) => paths.some((covered) => isWithin(name, covered)));
  refuseUnreadable(entries.map(({ name }) => name));
  const files = entries.filter(({ mode }) => mode !== SUBMODULE);
  if (files.length > 0) {
    await index.git(["checkout-index", "--force", "-z", "--stdin"], { cwd: into, input: lines(files) });
    await refusePointers(index, files, into);
  }
  for (const { hash, name } of entries.filter(({ mode }) => mode === SUBMODULE)) {
    await checkOutSubmodule(path.join(workTree, name), hash, path.join(into, name));
  }
}

const SUBMODULE = "160000";
const SYMLINK = "120000";

function lines(entries: IndexEntry[]): string {
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

async function checkOutSubmodule(workTree: string, commit: string, into: string): Promise<void> {
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
  await checkOut(workTree, commit, [""], into);
}

/** Without its filter, Git LFS leaves small text files that stand for the large ones. */
async function refusePointers(index: CommitIndex, files: IndexEntry[], directory: string): Promise<void> {
  // Git filters no symbolic links.
  const input = lines(files.filter(({ mode }) => mode !== SYMLINK));
  const attributes = await index.git(["check-attr", "--cached", "-z", "--stdin", "filter"], { cwd: directory, input });
  const fields = attributes.split("\0");
  for (let field = 0; field + 2 < fields.length; field += 3) {
    const [name = "", , value] = fields.slice(field, field + 3);
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
