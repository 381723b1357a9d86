import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { ifThere } from "../files";
import type { PreparedContext } from "./preparedContext";
import {
  ensureStagingRoot,
  isLockedByAnother,
  lockOf,
  newPlaceName,
  OWNER,
  STAGING,
  stagedWithin,
  stagingFailed,
} from "./stagingRoot";

/**
 * Where a builder finds one content. Docker's provider hashes a context when a resource is declared and reads it anew when it
 * builds, so a marker stands for the files while nothing is built: it changes exactly when something else is to be built.
 */
export interface Place {
  /** The folder's name: 16 hexadecimal digits. */
  name: string;
  /** The Dockerfile, relative to the context, as the program names it. */
  dockerfile: string;
  /** What the marker says. */
  marker: string;
}

/** A context, its Dockerfile and its named contexts, all relative to the working directory. */
export interface BuildContext {
  context: string;
  dockerfile: string;
  named?: Record<string, string>;
}

/** The folder of a place. */
export function placeFolder(name: string): string {
  return path.join(STAGING, name);
}

/** Says beside the folder what is in it, of files that are kept. */
export function sidecarOf(name: string): string {
  return `${placeFolder(name)}.filled`;
}

/** Where a place is. */
export function contextOf({ name, dockerfile }: Pick<Place, "name" | "dockerfile">): BuildContext {
  const context = placeFolder(name);
  return { context, dockerfile: path.join(context, stagedWithin(dockerfile)) };
}

/**
 * Sees that a place holds its marker and nothing else; writes nothing where it does, nor while another process builds from it.
 * Throws StagingFailed.
 */
export async function ensureMarked(place: Place): Promise<void> {
  await stagingFailed(async () => {
    if (!(await isMarked(place))) {
      await ensureStagingRoot();
      if (!(await isLockedByAnother(place.name))) {
        await mark(place);
      }
    }
  });
}

/** Puts files where the builder looks for them, until they are taken away again. Throws StagingFailed. */
export async function fillPlace(place: Place, files: PreparedContext): Promise<void> {
  await stagingFailed(async () => {
    await writeFile(lockOf(place.name), "");
    const { context } = contextOf(place);
    await putInPlace(files.directory, context);
  });
}

/** Takes the files away again and leaves the marker. Throws StagingFailed. */
export async function emptyPlace(place: Place): Promise<void> {
  await stagingFailed(async () => {
    await mark(place);
    await rm(lockOf(place.name), { force: true });
  });
}

/** Removes the place of a context that nothing is built from any more; of any other context, nothing. */
export async function removePlace(context: unknown): Promise<void> {
  const [, name] =
    /^([0-9a-f]{16})(?:\/(?:context|[0-9a-f]{16}))?$/.exec(path.relative(STAGING, String(context))) ?? [];
  if (name !== undefined) {
    await rm(placeFolder(name), { recursive: true, force: true });
    await rm(sidecarOf(name), { force: true });
  }
}

function textOf({ marker }: Place): string {
  return `# ${marker}\n`;
}

async function isMarked(place: Place): Promise<boolean> {
  const { context, dockerfile } = contextOf(place);
  const there = Promise.all([readdir(context, { recursive: true }), readFile(dockerfile, "utf8")]);
  const [entries = [], text] = (await ifThere(there, ["ENOENT", "ENOTDIR", "EISDIR"])) ?? [];
  return text === textOf(place) && entries.length === stagedWithin(place.dockerfile).split("/").length;
}

/** A folder of its own, put in place at once: another run may be looking at it. */
async function mark(place: Place): Promise<void> {
  const { context } = contextOf(place);
  const scratch = path.join(STAGING, `tmp.${OWNER}.${newPlaceName()}`);
  const file = path.join(scratch, stagedWithin(place.dockerfile));
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, textOf(place));
    // The provider hashes modes, too, and the umask is no part of a version.
    await chmod(file, 0o644);
    await putInPlace(scratch, context);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of several runs that put a folder in one place at once, each may find that another's has just come there. */
export async function putInPlace(scratch: string, context: string, tries = 20): Promise<void> {
  try {
    await rm(context, { recursive: true, force: true });
    await rename(scratch, context);
  } catch (error) {
    if (tries === 0 || !["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw error;
    }
    await putInPlace(scratch, context, tries - 1);
  }
}
