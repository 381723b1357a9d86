import { createHash, randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { ifThere } from "../files";

/** The folder of what builders are given, in the program's working directory: relative, so that it is the same on each machine. */
export const STAGING = ".versioned-image";

/** After how long what an unknown machine left behind is taken for abandoned, in milliseconds. */
const ABANDONED = 7 * 24 * 60 * 60 * 1000;

/** Names this process in the names of what it has in use. */
export const OWNER = `${process.pid}-${createHash("sha256").update(hostname()).digest("hex").slice(0, 8)}`;

/** A name that nothing else has that a builder was ever given: 16 hexadecimal digits. */
export function newPlaceName(): string {
  return randomBytes(8).toString("hex");
}

/** By place: a program that changes its working directory has several. */
const made = new Map<string, Promise<void>>();

/**
 * Makes the folder, which ignores itself so that it never makes a repository dirty and which only its owner may enter, and
 * removes what processes that have ended left in it. Once for all images of a process. Throws StagingFailed if the folder
 * is a link or holds one.
 */
export function ensureStagingRoot(): Promise<void> {
  const place = path.resolve(STAGING);
  const shared = made.get(place) ?? prepare();
  made.set(place, shared);
  shared.catch(() => made.delete(place));
  return shared;
}

/** How the name of a folder begins that this process needs for a while: what is left of it when the process is killed, the next one removes. */
export async function scratchPrefix(): Promise<string> {
  await ensureStagingRoot();
  return path.join(path.resolve(STAGING), `tmp.${OWNER}.`);
}

async function prepare(): Promise<void> {
  await mkdir(STAGING, { recursive: true, mode: 0o700 });
  const entries = await readdir(STAGING);
  await refuseLinks(entries);
  await chmod(STAGING, 0o700);
  await writeFile(path.join(STAGING, ".gitignore"), "*\n");
  await removeAbandoned(entries);
}

/** What is written and removed here must not be elsewhere: a repository may bring links under these names. */
async function refuseLinks(entries: string[]): Promise<void> {
  for (const found of [STAGING, ...entries.map((name) => path.join(STAGING, name))]) {
    if ((await ifThere(lstat(found)))?.isSymbolicLink()) {
      throw new VersionedImageError(
        "StagingFailed",
        `${path.resolve(found)} is a symbolic link, and nothing is written or removed through a link. Remove it, then run again.`,
      );
    }
  }
}

/** Names of what is in use: `NAME.OWNER.lock` of a place that is being built from, `tmp.OWNER.…` of what is being written. */
const IN_USE = /^(?:(?<place>[0-9a-f]{16})\.(?<holder>\d+-[0-9a-f]{8})\.lock|tmp\.(?<writer>\d+-[0-9a-f]{8})\..+)$/;

/** What says that this process builds from a place. */
export function lockOf(place: string): string {
  return path.join(STAGING, `${place}.${OWNER}.lock`);
}

/** Whether another process builds from a place: an update, while this is a preview of the same stack. */
export async function isLockedByAnother(name: string): Promise<boolean> {
  for (const entry of await readdir(STAGING)) {
    const { place, holder } = IN_USE.exec(entry)?.groups ?? {};
    if (place === name && holder !== undefined && holder !== OWNER && (await isInUse(entry, holder))) {
      return true;
    }
  }
  return false;
}

/** A process that was killed could not clean up. Nothing is removed that another process may be using. */
async function removeAbandoned(entries: string[]): Promise<void> {
  for (const entry of entries) {
    const { place, holder, writer } = IN_USE.exec(entry)?.groups ?? {};
    const owner = holder ?? writer;
    if (owner !== undefined && !(await isInUse(entry, owner))) {
      if (place !== undefined) {
        await rm(path.join(STAGING, place), { recursive: true, force: true });
      }
      await rm(path.join(STAGING, entry), { recursive: true, force: true });
    }
  }
}

async function isInUse(entry: string, owner: string): Promise<boolean> {
  const [pid, machine] = owner.split("-");
  if (machine === OWNER.split("-")[1] && !isRunning(Number(pid))) {
    return false;
  }
  // Others may take away what is theirs at any time.
  const stats = await ifThere(stat(path.join(STAGING, entry)));
  return stats !== undefined && Date.now() - stats.ctimeMs < ABANDONED;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether a Dockerfile, which is named relative to the context, is outside of it. */
export function isOutside(dockerfile: string): boolean {
  return path.normalize(dockerfile).startsWith("../");
}

/** The Dockerfile of a staged context, relative to it: one from outside is beside the context, where it is no file of the image. */
export function stagedBeside(dockerfile: string): string {
  return isOutside(dockerfile) ? path.join("..", "dockerfile", path.basename(dockerfile)) : dockerfile;
}

/**
 * The same for Docker's provider, which sends the Dockerfile as a file of the context. One that is outside it gives a name at random, so that
 * each build would be another one: here it has a name that nothing else in a context has.
 */
export function stagedWithin(dockerfile: string): string {
  return isOutside(dockerfile) ? path.join(STAGING, path.basename(dockerfile)) : dockerfile;
}

/** Turns what the file system refuses while files are staged into StagingFailed; errors of ours stay what they are. */
export async function stagingFailed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VersionedImageError || !(error instanceof Error)) {
      throw error;
    }
    throw new VersionedImageError(
      "StagingFailed",
      `The image's files could not be written to ${path.resolve(STAGING)}: ${error.message}. ` +
        "Nothing was built. Check that the disk has space and that the directory is writable, then run again.",
      { cause: error },
    );
  }
}
