import { type CopyOptions, constants } from "node:fs";
import { cp, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import type { Version } from "../version";
import { type CommitIndex, type IndexEntry, withCommitIndex } from "./commitIndex";
import { explain } from "./explain";
import { filtersOf, runningFilters } from "./filters";
import { git } from "./git";
import { isWithin } from "./locate";
import { refuseCollisions } from "./sameFile";

/** What was done to files of a commit on their way to disk. */
export interface Exported {
  /** The filters that files went through (Git LFS, git-crypt), by their names, sorted. */
  filters: string[];
}

/**
 * Writes the committed files of a version into a directory that then is its context, and those of its named contexts into theirs
 * (`named` tells which), through git's own filters and
 * without touching the repository, its index or its work tree. The commit's own attributes alone say what is filtered and how
 * lines end. Submodules are written from the commit that is recorded for them. A call of git may take 600 seconds, or what
 * VERSIONED_IMAGE_GIT_TIMEOUT says. Throws LfsNotInstalled, FilterNotConfigured, SubmoduleNotInitialized, StagingFailed for names
 * that the disk takes for one, GitTimeout, or GitFailed with git's own words.
 */
export async function exportCommit(
  version: Pick<Version, "root" | "commit" | "paths" | "context" | "contexts">,
  into: string,
  named?: (context: string) => string,
): Promise<Exported> {
  const tree = `${path.resolve(into)}.checkout`;
  await mkdir(tree, { recursive: true });
  try {
    const filtered = await checkOut(version.root, version.commit, version.paths, tree);
    // Before files are moved away that two of them may share.
    if (named) {
      for (const [name, directory] of Object.entries(version.contexts)) {
        await cp(path.join(tree, directory), named(name), COPY);
      }
    }
    const context = path.join(tree, version.context);
    for (const entry of await readdir(context)) {
      await rename(path.join(context, entry), path.join(into, entry));
    }
    return { filters: [...new Set(filtered.map(({ filter }) => filter))].sort() };
  } catch (error) {
    throw explain(error, version.root);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** A file that went through a filter. */
interface Filtered {
  /** Relative to the root of the repository that is written. */
  name: string;
  filter: string;
}

/** Writes what a commit holds at some paths; what several images want of it at the same time is written once. */
function checkOut(workTree: string, commit: string, paths: string[], into: string): Promise<Filtered[]> {
  return withCommitIndex(workTree, commit, paths, async (index) => {
    const common =
      index.wanted.length > 1 ? await index.once((folder) => writeAll(workTree, index, folder)) : undefined;
    if (!common || !paths.every((wanted) => common.paths.includes(wanted))) {
      return write(workTree, index, paths, into);
    }
    await refuseCollisions(
      entriesAt(index, paths).map(({ name }) => name),
      into,
    );
    for (const wanted of paths) {
      await cp(path.join(common.directory, wanted), path.join(into, wanted), COPY);
    }
    return common.filtered.filter(({ name }) => paths.some((covered) => isWithin(name, covered)));
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
    return { paths, directory, filtered: await write(workTree, index, paths, directory) };
  } catch {
    return undefined;
  }
}

async function write(workTree: string, index: CommitIndex, paths: string[], into: string): Promise<Filtered[]> {
  const entries = entriesAt(index, paths);
  const names = entries.map(({ name }) => name);
  refuseUnreadable(names);
  await refuseCollisions(names, into);
  const files = entries.filter(({ mode }) => mode !== SUBMODULE);
  const filtered = files.length > 0 ? await writeFiles(index, files, into) : [];
  for (const { hash, name } of entries.filter(({ mode }) => mode === SUBMODULE)) {
    const inside = await checkOutSubmodule(path.join(workTree, name), hash, path.join(into, name));
    filtered.push(...inside.map((file) => ({ ...file, name: path.posix.join(name, file.name) })));
  }
  return filtered;
}

function entriesAt(index: CommitIndex, paths: string[]): IndexEntry[] {
  return index.entries.filter(({ name }) => paths.some((covered) => isWithin(name, covered)));
}

async function writeFiles(index: CommitIndex, files: IndexEntry[], into: string): Promise<Filtered[]> {
  const filters = await filtersOf(index, files, into);
  const running = await runningFilters(index, filters, into);
  await index.git(["checkout-index", "--force", "-z", "--stdin"], {
    cwd: into,
    input: files.map(({ name }) => `${name}\0`).join(""),
    purpose: "files",
    // Of a filter that is not required git says no more than this, and writes the file as it was committed.
    failedIf: /external filter/,
  });
  await refusePointers(filters, into);
  return [...filters].map(([name, filter]) => ({ name, filter })).filter(({ filter }) => running.has(filter));
}

const SUBMODULE = "160000";

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

async function checkOutSubmodule(workTree: string, commit: string, into: string): Promise<Filtered[]> {
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
  return checkOut(workTree, commit, [""], into);
}

/** Without its filter, Git LFS leaves small text files that stand for the large ones. */
async function refusePointers(filters: ReadonlyMap<string, string>, directory: string): Promise<void> {
  for (const [name, filter] of filters) {
    if (
      filter === "lfs" &&
      (await startsWith(path.join(directory, name), "version https://git-lfs.github.com/spec/"))
    ) {
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
