import { createHash } from "node:crypto";
import { lstat, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { differences, type Listing, listContent } from "./listing";
import { normalize } from "./normalize";
import { ensureStagingRoot, manifestOf, markUsed, STAGING } from "./stagingRoot";

/** What to stage. */
export interface Staging {
  /** The folder's name: what it will hold must follow from it. Undefined to name it by its content. */
  name: string | undefined;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  target: string | undefined;
  labels: Record<string, string>;
  /** The time of every file; undefined to keep each one's own. */
  mtime: Date | undefined;
  /** Puts the files into a directory. */
  write(into: string): Promise<unknown>;
}

/** A staged context and the Dockerfile in it, both relative to the working directory. */
export interface Staged {
  context: string;
  dockerfile: string;
}

/**
 * Makes a directory that Docker can build from, apart from the user's own, with the labels in its Dockerfile. One that an
 * earlier run left is used again if it holds what it should. Throws StagingFailed if it can't be written.
 */
export async function stage(staging: Staging): Promise<Staged> {
  try {
    await ensureStagingRoot();
    const name = staging.name ?? (await build(staging));
    if (staging.name !== undefined && !(await isIntact(name))) {
      await build(staging);
    }
    await markUsed(name);
    const context = path.join(STAGING, name);
    return { context, dockerfile: path.join(context, staging.dockerfile) };
  } catch (error) {
    if (error instanceof VersionedImageError || !(error instanceof Error)) {
      throw error;
    }
    throw new VersionedImageError(
      "StagingFailed",
      `The files of the image could not be put into ${path.resolve(STAGING)}: ${error.message}. ` +
        "Nothing was built; see that the disk has room and that the folder can be written, then run again.",
      { cause: error },
    );
  }
}

/** Makes a staged context build the image that exists already, by its Dockerfile alone: others may be reading the rest. */
export async function swapForExisting(
  { dockerfile }: Staged,
  image: string,
  target: string | undefined,
): Promise<void> {
  const { dockerfileOf } = dockerfiles();
  await replaceFile(dockerfile, dockerfileOf(image, target));
}

async function isIntact(name: string): Promise<boolean> {
  try {
    const expected = JSON.parse(await readFile(manifestOf(name), "utf8")) as Listing;
    return differences(expected, await listContent(path.join(STAGING, name))).length === 0;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") {
      return false;
    }
    throw error;
  }
}

/** Stages into a folder of its own and then puts that in its place at once. Returns the name. */
async function build(staging: Staging): Promise<string> {
  const scratch = await mkdtemp(path.join(STAGING, "tmp-"));
  try {
    const files = path.join(scratch, "files");
    await mkdir(files);
    await staging.write(files);
    await stamp(files, staging);
    await normalize(files, staging.mtime);
    const listing = await listContent(files);
    const name =
      staging.name ?? `debug-${createHash("sha256").update(JSON.stringify(listing)).digest("hex").slice(0, 20)}`;
    await writeFile(path.join(scratch, "manifest"), JSON.stringify(listing));
    await moveInto(files, path.join(STAGING, name), listing);
    await rename(path.join(scratch, "manifest"), manifestOf(name));
    return name;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function stamp(files: string, { dockerfile, target, labels }: Staging): Promise<void> {
  const file = path.join(files, dockerfile);
  const real = await realpath(file);
  if (!real.startsWith((await realpath(files)) + path.sep)) {
    throw new VersionedImageError(
      "DockerfileNotCovered",
      `${dockerfile} is a symbolic link to a file outside the image's directory, which the version does not cover: ` +
        "put the Dockerfile itself there.",
    );
  }
  const { stampDockerfile } = dockerfiles();
  const stamped = stampDockerfile(await readFile(real), { name: dockerfile, target, labels });
  await replaceFile(file, stamped);
}

/**
 * The parser is a third of what the library loads, and a program whose images are all published needs none. An import would
 * look for a compiled file, which a clone's program that the Pulumi CLI runs does not have.
 */
function dockerfiles(): typeof import("./dockerfile") {
  return require("./dockerfile");
}

/**
 * Puts a file in the place of another (or of a link to it) in one step. It is written apart, since any name beside the
 * other may be that of a file of the context, or of a link out of it.
 */
async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  const { mode, atime, mtime } = await stat(file);
  const scratch = await mkdtemp(path.join(STAGING, "tmp-"));
  try {
    const next = path.join(scratch, "next");
    await writeFile(next, content, { mode });
    await utimes(next, atime, mtime);
    await rename(next, file);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/**
 * Moves a finished context to its place. Where one stands already it is mended file by file and never taken away, since
 * another run may be building from it.
 */
async function moveInto(files: string, place: string, listing: Listing): Promise<void> {
  try {
    await rename(files, place);
    return;
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw error;
    }
  }
  const wrong = differences(listing, await listContent(place));
  for (const file of wrong.filter((name) => !(name in listing))) {
    await rm(path.join(place, file), { force: true });
  }
  for (const file of wrong.filter((name) => name in listing)) {
    const to = path.join(place, file);
    await mkdir(path.dirname(to), { recursive: true });
    if ((await lstat(to).catch(() => undefined))?.isDirectory()) {
      await rm(to, { recursive: true });
    }
    await rename(path.join(files, file), to);
  }
}
