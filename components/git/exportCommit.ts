import { type CopyOptions, constants } from "node:fs";
import { cp, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { isWithin, type Version } from "../version";
import type { CommitIndex, IndexEntry } from "./commitIndex";
import { ifThere } from "./files";
import { filtersOf, runningFilters } from "./filters";
import { git } from "./git";
import { ignoreFileOf } from "./ignoreFile";
import { refuseLinksOutside } from "./locate";
import { SharedCommit } from "./sharedCommit";

/** What was done to files of a commit on their way to disk. */
export interface Exported {
  /** The filters that files went through (Git LFS, git-crypt), by their names, sorted. */
  filters: string[];
}

export interface ExportOptions {
  /** Where the files of a named context are written. */
  named?: (context: string) => string;
  /** A Dockerfile outside of the context, and where it is written with its ignore file, both relative to the context. Default: none. */
  outside?: { dockerfile: string; staged: string };
  /** How the names of folders begin that are there for a while. Default: in the system's folder of temporary files. */
  scratch?: string;
}

/**
 * Says that a version is going to be exported: what several images of one commit want is then written at once. Call what is returned when
 * that is done, or not to be done any more.
 */
export function expectExport({ root, commit, files }: Pick<Version, "root" | "commit" | "files">): () => Promise<void> {
  return SharedCommit.of(root, commit).expect(files);
}

/**
 * Writes the committed files of a version into a directory that then is its context, and those of its named contexts into theirs, through
 * git's own filters and without touching the repository, its index or its work tree. The commit's own attributes alone say what is filtered and how
 * lines end. Submodules are written from the commit that is recorded for them. A call of git may take 600 seconds, or what
 * VERSIONED_IMAGE_GIT_TIMEOUT says. Throws LfsNotInstalled, FilterNotConfigured, SubmoduleNotInitialized, StagingFailed for names
 * that the disk takes for one, GitTimeout, or GitFailed with git's own words.
 */
export async function exportCommit(
  version: Pick<Version, "root" | "commit" | "files" | "context" | "contexts">,
  into: string,
  { named, outside, scratch = path.join(tmpdir(), "commit-index-") }: ExportOptions = {},
): Promise<Exported> {
  const tree = `${path.resolve(into)}.checkout`;
  await mkdir(tree, { recursive: true });
  try {
    const filtered = await checkOut({ ...version, paths: version.files, workTree: version.root, scratch }, tree);
    // Before files are moved away that two of them may share.
    if (named) {
      for (const [name, directory] of Object.entries(version.contexts)) {
        await cp(path.join(tree, directory), named(name), COPY);
      }
    }
    const context = path.join(tree, version.context);
    if (outside) {
      await refuseLinksOutside(path.join(version.context, outside.dockerfile), tree);
      await copyDockerfile(path.join(context, outside.dockerfile), path.join(into, outside.staged));
    }
    for (const entry of await readdir(context)) {
      await rename(path.join(context, entry), path.join(into, entry));
    }
    return { filters: [...new Set(filtered.map(({ filter }) => filter))].sort() };
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** With its ignore file, if it has one. */
async function copyDockerfile(from: string, to: string): Promise<void> {
  await cp(from, to, COPY);
  await ifThere(cp(ignoreFileOf(from), ignoreFileOf(to), COPY));
}

/** A file that went through a filter. */
interface Filtered {
  /** Relative to the root of the repository that is written. */
  name: string;
  filter: string;
}

interface Wanted {
  workTree: string;
  commit: string;
  paths: string[];
  scratch: string;
}

/** Writes what a commit holds at some paths; what several images want of it is written once. */
function checkOut(wanted: Wanted, into: string): Promise<Filtered[]> {
  const { workTree, commit, paths, scratch } = wanted;
  return SharedCommit.of(workTree, commit).use(paths, scratch, async (index, together) => {
    const common = await together?.once((directory) => writeAll(wanted, index, together.paths, directory));
    if (!together || !common) {
      return write(wanted, index, paths, into);
    }
    const names = entriesAt(index, paths).map(({ name }) => name);
    for (const each of paths.filter((path) => names.some((name) => isWithin(name, path)))) {
      const [from, to] = [path.join(common.directory, each), path.join(into, each)];
      await cp(from, to, COPY);
    }
    return common.filtered.filter(({ name }) => paths.some((covered) => isWithin(name, covered)));
  });
}

/** Links stay what they are in git, and blocks are shared where the file system can. */
const COPY: CopyOptions = { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE };

/** What all images want; nothing if that fails, so that each meets its own errors alone. */
async function writeAll(wanted: Wanted, index: CommitIndex, paths: string[], directory: string) {
  try {
    return { directory, filtered: await write(wanted, index, paths, directory) };
  } catch {
    return undefined;
  }
}

async function write(wanted: Wanted, index: CommitIndex, paths: string[], into: string): Promise<Filtered[]> {
  const entries = entriesAt(index, paths);
  const names = entries.map(({ name }) => name);
  refuseUnreadable(names);
  const files = entries.filter(({ mode }) => mode !== SUBMODULE);
  const filtered = files.length > 0 ? await writeFiles(index, files, into) : [];
  for (const { hash, name } of entries.filter(({ mode }) => mode === SUBMODULE)) {
    const inside = await checkOutSubmodule(
      { ...wanted, workTree: path.join(wanted.workTree, name), commit: hash, paths: [""] },
      path.join(into, name),
    );
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
  await refuseLost(
    files.map(({ name }) => name),
    into,
  );
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

/** Where a file system takes two names for one, as those of macOS and Windows do, one's content would silently be lost. */
export async function refuseLost(names: string[], directory: string): Promise<void> {
  // A file system may also write a name's accents in its own way.
  const there = new Map<string, number>();
  // Without the types it would follow links, out of the directory and in circles.
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const name = path.relative(directory, path.join(entry.parentPath, entry.name)).normalize();
    there.set(name, (there.get(name) ?? 0) + 1);
  }
  const lost = names.find((name) => {
    const left = there.get(name.normalize()) ?? 0;
    there.set(name.normalize(), left - 1);
    return left === 0;
  });
  if (lost !== undefined) {
    throw new VersionedImageError(
      "StagingFailed",
      `${JSON.stringify(lost)} and another name in the commit are the same file on the file system of ${path.dirname(directory)}, so one ` +
        "would be missing from the image. Nothing was built. Rename one with git mv, or use a case-sensitive file system.",
    );
  }
}

async function checkOutSubmodule(wanted: Wanted, into: string): Promise<Filtered[]> {
  const { workTree, commit } = wanted;
  await mkdir(into, { recursive: true });
  try {
    await git(["cat-file", "-e", `${commit}^{commit}`], { cwd: workTree });
  } catch (error) {
    // HEAD may have it elsewhere than an older commit has.
    const isThere = (await ifThere(stat(workTree))) !== undefined;
    const remedy = isThere
      ? "Run `git submodule update --init --recursive`."
      : "It no longer exists. Check out the image's commit, and run `git submodule update --init --recursive` there.";
    throw new VersionedImageError(
      "SubmoduleNotInitialized",
      `The submodule ${workTree} does not have its commit ${commit}. ${remedy}`,
      { cause: error },
    );
  }
  return checkOut(wanted, into);
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
        `${name} is stored with Git LFS, which is not set up here, so the image would contain only a pointer to it. ` +
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
