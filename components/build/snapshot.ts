import { constants } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, readFile, readlink, symlink, utimes } from "node:fs/promises";
import * as path from "node:path";
import ignore from "@balena/dockerignore";
import { STAGING } from "./stagingRoot";

/** What of a directory Docker would be given. */
export interface Snapshot {
  /** The context, an absolute path. */
  context: string;
  /** What the image is made of, relative to the context; undefined for all of it. */
  paths: string[] | undefined;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
}

/** Copies a context as it is on disk, without what its .dockerignore names. Returns the files that were copied. */
export async function copyContext({ context, paths, dockerfile }: Snapshot, into: string): Promise<string[]> {
  const ignoreFile = await ignoreFileOf(context, dockerfile);
  const kept = new Set([dockerfile, ...(ignoreFile ? [ignoreFile.name] : [])].map(path.normalize));
  const matcher = ignore().add(ignoreFile?.content ?? "");
  const covered = paths?.map((entry) => path.normalize(entry).replace(/\/$/, ""));

  const copied: string[] = [];
  const visit = async (directory: string): Promise<void> => {
    for (const entry of await readdir(path.join(context, directory), { withFileTypes: true })) {
      const name = path.join(directory, entry.name);
      if (entry.name === ".git" || entry.name === STAGING) {
        continue;
      }
      if (entry.isDirectory()) {
        await visit(name);
      } else if (kept.has(name) || (isCovered(name, covered) && !matcher.ignores(name))) {
        await copyEntry(path.join(context, name), path.join(into, name));
        copied.push(name);
      }
    }
  };
  await visit("");
  return copied.sort();
}

/** Docker prefers the ignore file that is named after the Dockerfile. */
async function ignoreFileOf(context: string, dockerfile: string) {
  for (const name of [`${dockerfile}.dockerignore`, ".dockerignore"]) {
    try {
      return { name, content: await readFile(path.join(context, name), "utf8") };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        throw error;
      }
    }
  }
  return undefined;
}

function isCovered(name: string, covered: string[] | undefined): boolean {
  return (
    covered === undefined || covered.some((entry) => entry === "." || name === entry || name.startsWith(`${entry}/`))
  );
}

async function copyEntry(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  const stats = await lstat(from);
  if (stats.isSymbolicLink()) {
    await symlink(await readlink(from), to);
  } else if (stats.isFile()) {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await chmod(to, stats.mode & 0o777);
    await utimes(to, stats.atime, stats.mtime);
  }
}
