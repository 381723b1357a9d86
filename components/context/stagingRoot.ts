import { lstat, mkdir, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";

/** The folder of staged contexts, in the program's working directory: relative, so that it is the same on each machine. */
export const STAGING = ".versioned-image";

/** How long a staged context is kept after its last use, in milliseconds. */
const KEPT = 24 * 60 * 60 * 1000;

/** By place: a program that changes its working directory has several. */
const lookedThrough = new Map<string, { at: number; done: Promise<void> }>();

/** By place, while it goes on: images that are staged at the same time share it, as it looks at what all of them have left. */
const underWay = new Map<string, Promise<void>>();

/**
 * Makes the folder, which ignores itself so that it never makes a repository dirty, and keeps it from growing for ever.
 * Throws StagingFailed if it is a link or holds one.
 */
export function ensureStagingRoot(now = Date.now()): Promise<void> {
  const place = path.resolve(STAGING);
  const shared = underWay.get(place) ?? prepare(place, now).finally(() => underWay.delete(place));
  underWay.set(place, shared);
  return shared;
}

async function prepare(place: string, now: number): Promise<void> {
  await mkdir(STAGING, { recursive: true });
  await refuseLinks();
  await writeFile(path.join(STAGING, ".gitignore"), "*\n");
  await lookThrough(place, now);
}

/** What is written, mended and removed here must not be elsewhere: a repository may bring links under these names. */
async function refuseLinks(): Promise<void> {
  const entries = await readdir(STAGING, { withFileTypes: true });
  const link = (await lstat(STAGING)).isSymbolicLink()
    ? STAGING
    : entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => path.join(STAGING, name))[0];
  if (link !== undefined) {
    throw new VersionedImageError(
      "StagingFailed",
      `${path.resolve(link)} is a symbolic link, behind which nothing is to be written or removed: remove the link, then run again.`,
    );
  }
}

/** Once for all images of a run; each waits, lest it uses again what is being removed. */
async function lookThrough(place: string, now: number): Promise<void> {
  const last = lookedThrough.get(place);
  const recent = last && now - last.at <= KEPT ? last : { at: now, done: removeUnused(now) };
  lookedThrough.set(place, recent);
  try {
    await recent.done;
  } catch (error) {
    lookedThrough.delete(place);
    throw error;
  }
}

/** The file that says what a staged context must hold; its own time says when that was last used. */
export function manifestOf(name: string): string {
  return path.join(STAGING, `${name}.json`);
}

export async function markUsed(name: string, now = new Date()): Promise<void> {
  await utimes(manifestOf(name), now, now);
}

/** Removes what no run has used for a day: contexts with their manifests, and what killed runs left behind. */
async function removeUnused(now: number): Promise<void> {
  const entries = await readdir(STAGING);
  const old = await Promise.all(
    entries
      .filter((entry) => entry !== ".gitignore")
      .map(async (entry) => {
        const used = await lastUse(entry.endsWith(".json") ? entry.slice(0, -".json".length) : entry);
        return used !== undefined && now - used > KEPT ? entry : undefined;
      }),
  );
  for (const entry of old) {
    if (entry !== undefined) {
      await rm(path.join(STAGING, entry), { recursive: true, force: true });
    }
  }
}

async function lastUse(name: string): Promise<number | undefined> {
  for (const file of [manifestOf(name), path.join(STAGING, name)]) {
    try {
      // A file's own times are set to those of its commit; when it was put here is its change time.
      const stats = await stat(file);
      return file.endsWith(".json") ? stats.mtimeMs : stats.ctimeMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        throw error;
      }
    }
  }
  return undefined;
}
