import { constants, type Dirent } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, readlink, symlink, utimes } from "node:fs/promises";
import * as path from "node:path";
import { forEachFew, OPEN_FILES } from "../concurrency";
import { VersionedImageError } from "../errors";
import { readIgnoreFile } from "./ignoreFile";
import { STAGING } from "./stagingRoot";

/** What of a directory Docker would be given. */
export interface Snapshot {
  /** The context, an absolute path. */
  context: string;
  /** What the image is made of, relative to the context; undefined for all of it. */
  paths: string[] | undefined;
  /** The Dockerfile, relative to the context; undefined for a named context, which is not built itself. */
  dockerfile: string | undefined;
  /** Where one that is outside of the context is to be, relative to the copy. */
  staged?: string;
}

/**
 * Copies a context as it is on disk, without what its .dockerignore names, without pipes, sockets and devices, and without
 * what is taken away meanwhile; a Dockerfile that is outside goes with its own. Returns the files of the context that were copied. Throws
 * StagingFailed for what can't be read.
 */
export async function copyContext({ context, paths, dockerfile, staged }: Snapshot, into: string): Promise<string[]> {
  const ignored = await readIgnoreFile(context, dockerfile);
  // Docker needs them whatever they say.
  const needed = dockerfile === undefined ? [] : [dockerfile, ...(ignored.name === undefined ? [] : [ignored.name])];
  const kept = needed.map(path.normalize);
  const covered = (paths ?? ["."]).map((entry) => path.normalize(entry).replace(/\/$/, ""));
  const isWanted = (file: string) => kept.includes(file) || (isCovered(file, covered) && !ignored.ignores(file));
  const mayHoldWanted = (directory: string) =>
    kept.some((file) => isBelow(file, directory)) ||
    ((isCovered(directory, covered) || covered.some((entry) => isBelow(entry, directory))) &&
      !ignored.ignoresAllOf(directory));

  const copied: string[] = [];
  const visit = async (directory: string): Promise<void> => {
    const found = (await entriesOf(context, directory))
      .filter(({ name }) => name !== ".git" && name !== STAGING)
      .map((entry) => ({ name: path.join(directory, entry.name), isDirectory: entry.isDirectory() }));
    const files = found.filter(({ name, isDirectory }) => !isDirectory && isWanted(name));
    if (files.length > 0) {
      await mkdir(path.join(into, directory), { recursive: true });
    }
    await forEachFew(files, OPEN_FILES, async ({ name }) => {
      if (await ifReadable(name, () => copyEntry(path.join(context, name), path.join(into, name)))) {
        copied.push(name);
      }
    });
    for (const { name } of found.filter(({ name, isDirectory }) => isDirectory && mayHoldWanted(name))) {
      await visit(name);
    }
  };
  await visit("");
  if (dockerfile !== undefined && staged !== undefined && staged !== dockerfile) {
    const to = path.join(into, staged);
    await mkdir(path.dirname(to), { recursive: true });
    for (const name of needed.filter((file) => file.startsWith(dockerfile))) {
      await ifReadable(name, () => copyEntry(path.join(context, name), to + name.slice(dockerfile.length)));
    }
  }
  return copied.sort();
}

function isCovered(name: string, covered: string[]): boolean {
  return covered.some((entry) => entry === "." || name === entry || isBelow(name, entry));
}

function isBelow(name: string, directory: string): boolean {
  return name.startsWith(`${directory}/`);
}

async function entriesOf(context: string, directory: string): Promise<Dirent[]> {
  const read = () => readdir(path.join(context, directory), { withFileTypes: true });
  return (await ifReadable(directory || ".", read)) ?? [];
}

/** What reading a file or directory gives; undefined if it has been taken away. */
async function ifReadable<T>(name: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Names are read as UTF-8, so that one of another encoding is not found again.
    if (code === "ENOENT" && name.includes("\uFFFD")) {
      throw new VersionedImageError(
        "StagingFailed",
        `The name of ${JSON.stringify(name)} is not UTF-8, so the file can't be put into an image. Rename it, or name its ` +
          "directory in .dockerignore.",
      );
    }
    if (code === "ENOENT") {
      return undefined;
    }
    if (code === "EACCES") {
      throw new VersionedImageError(
        "StagingFailed",
        `${JSON.stringify(name)} can't be read (${message}), so it can't be added to the image. Make it readable, or ` +
          "name it in .dockerignore.",
        { cause: error },
      );
    }
    throw error;
  }
}

/** Whether there was something to copy. */
async function copyEntry(from: string, to: string): Promise<boolean> {
  const stats = await lstat(from);
  if (!stats.isSymbolicLink() && !stats.isFile()) {
    return false;
  }
  if (stats.isSymbolicLink()) {
    await symlink(await readlink(from), to);
  } else {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await chmod(to, stats.mode & 0o777);
    await utimes(to, stats.atime, stats.mtime);
  }
  return true;
}
