import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { listContent } from "./listing";
import { normalize } from "./normalize";
import { slots } from "./slots";
import { stagingFailed } from "./stagingFailed";
import { ensureStagingRoot, OWNER, STAGING } from "./stagingRoot";

/** What a builder is to be given. */
export interface ContextContent {
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** The stage whose image gets the labels. Default: the last one. */
  target: string | undefined;
  /** What is written into the Dockerfile; undefined to leave it as it is. */
  labels: Record<string, string> | undefined;
  /** The time of every file, which then also gets git's modes; undefined to keep each one's own. */
  mtime: Date | undefined;
  /** Puts the files into a directory. */
  write(into: string): Promise<unknown>;
}

/** Files that are ready to be built from, but not yet where a builder looks for them. */
export interface PreparedContext {
  /** Where they are now. */
  readonly directory: string;
  /** What tells this content from any other, modes and links included. */
  hash(): Promise<string>;
  /** Removes them, if they were not moved away. */
  discard(): Promise<void>;
}

/** How many contexts are written at the same time: each may be as large as a repository. */
const AT_ONCE = 4;

const turn = slots(AT_ONCE);

/**
 * Writes a context apart from where it is built, with its labels in its Dockerfile. Throws StagingFailed if it can't be
 * written, DockerfileInvalid or DockerfileNotCovered if it can't be built.
 */
export async function prepareContext(content: ContextContent): Promise<PreparedContext> {
  return stagingFailed(async () => {
    await ensureStagingRoot();
    const scratch = await mkdtemp(path.join(STAGING, `tmp.${OWNER}.`));
    const discard = () => rm(scratch, { recursive: true, force: true });
    const directory = path.join(scratch, "files");
    try {
      await turn(async () => {
        await mkdir(directory);
        await content.write(directory);
        if (content.labels !== undefined) {
          await stampLabels(directory, content.labels, content);
        }
        if (content.mtime !== undefined) {
          await normalize(directory, content.mtime);
        }
        await chmod(directory, 0o755);
      });
    } catch (error) {
      await discard();
      throw error;
    }
    const hash = async () =>
      createHash("sha256")
        .update(JSON.stringify(await listContent(directory)))
        .digest("hex");
    return { directory, hash, discard };
  });
}

/** The content of an image that a registry has already: building it gives that image again. */
export function contentOfImage(image: string, dockerfile: string, target: string | undefined): ContextContent {
  return {
    dockerfile,
    target,
    labels: undefined,
    mtime: undefined,
    write: async (into) => {
      const { dockerfileOf } = dockerfiles();
      await mkdir(path.dirname(path.join(into, dockerfile)), { recursive: true });
      await writeFile(path.join(into, dockerfile), dockerfileOf(image, target));
    },
  };
}

async function stampLabels(
  directory: string,
  labels: Record<string, string>,
  { dockerfile, target }: ContextContent,
): Promise<void> {
  const content = await readDockerfile(directory, dockerfile);
  const { stampDockerfile } = dockerfiles();
  await replaceFile(
    path.join(directory, dockerfile),
    stampDockerfile(content, { name: dockerfile, target, labels }),
    `${directory}.next`,
  );
}

/**
 * Throws DockerfileInvalid for a Dockerfile without a stage to build, DockerfileNotCovered for one that is elsewhere; for what is to be
 * built without labels in its Dockerfile.
 */
export async function checkDockerfile(
  directory: string,
  { dockerfile, target }: Pick<ContextContent, "dockerfile" | "target">,
): Promise<void> {
  const content = await readDockerfile(directory, dockerfile);
  dockerfiles().refuseUnbuildable(content, { name: dockerfile, target });
}

/** The instruction at which a build from a directory failed: its line, from 1, and its text. Undefined if the builder's words name none. */
export async function findFailedInstruction(
  directory: string,
  dockerfile: string,
  words: string,
): Promise<{ line: number; text: string } | undefined> {
  return dockerfiles().instructionNamed(await readDockerfile(directory, dockerfile), dockerfile, words);
}

async function readDockerfile(directory: string, dockerfile: string): Promise<Buffer> {
  const real = await realpath(path.join(directory, dockerfile));
  if (!real.startsWith((await realpath(directory)) + path.sep)) {
    throw new VersionedImageError(
      "DockerfileNotCovered",
      `${dockerfile} is a symbolic link to a file outside the image's directory, which the version does not cover: ` +
        "put the Dockerfile itself there.",
    );
  }
  return readFile(real);
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
async function replaceFile(file: string, content: Buffer, scratch: string): Promise<void> {
  const { mode, atime, mtime } = await stat(file);
  await writeFile(scratch, content, { mode });
  await utimes(scratch, atime, mtime);
  await rename(scratch, file);
}
