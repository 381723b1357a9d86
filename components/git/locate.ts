import { readlink, realpath } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { isWithin, outermost } from "../version";
import { ifThere, MISSING } from "./files";
import { findContext, type Repository } from "./repository";

/** The files of an image, as its arguments name them. */
export interface ImageSource {
  /** Relative to the working directory. */
  context: string;
  /** Relative to the context. Default: all of it. */
  paths?: string[];
  /** Relative to the context. Default: Dockerfile. */
  dockerfile?: string;
  /** Directories of named contexts, relative to the working directory. Default: none. */
  contexts?: Record<string, string>;
  /** What the images that it is built on cover, relative to the repository's root, by their names. Default: none. */
  bases?: Record<string, string[]>;
}

/** The files of an image, with paths relative to the repository's root. */
export interface Located {
  context: string;
  /** What the version covers: the files, and what its bases cover. */
  paths: string[];
  /** What the image is built from, the named contexts among it. */
  files: string[];
  dockerfile: string;
  /** The directories of named contexts. */
  contexts: Record<string, string>;
  /** What each of its bases covers, sorted. */
  bases: Record<string, string[]>;
}

/** Directories that are there, as absolute paths without symbolic links. */
export interface FoundSource {
  context: string;
  contexts: Record<string, string>;
}

/** Finds an image's directories. Throws ContextNotFound. */
export async function findSource({ context, contexts = {} }: ImageSource): Promise<FoundSource> {
  const named = Object.entries(contexts).map(async ([name, directory]) => [
    name,
    await findContext(directory, `build.contexts.${name}`),
  ]);
  return { context: await findContext(context), contexts: Object.fromEntries(await Promise.all(named)) };
}

/** Puts an image's paths in terms of its repository, and refuses what lies outside of the context. */
export async function locate(source: ImageSource, found: FoundSource, { root }: Repository): Promise<Located> {
  const { context } = found;
  const { paths = ["."], dockerfile = "Dockerfile" } = source;
  if (paths.length === 0) {
    throw new VersionedImageError(
      "InvalidArgument",
      "paths is empty: name at least one path, or leave it out for the whole context.",
    );
  }
  const prefix = path.relative(root, context);
  const covered = outermost(await Promise.all(paths.map((entry) => resolveIn(entry, "paths", context, prefix, root))));
  const file = await resolveIn(dockerfile, "dockerfile", context, prefix, root);
  if (!covered.some((entry) => isWithin(file, entry))) {
    throw new VersionedImageError(
      "DockerfileNotCovered",
      `The Dockerfile ${dockerfile} is not within paths (${paths.join(", ")}), so the version would not change with it: add it there.`,
    );
  }
  await refuseLinkedDockerfile(file, covered, root);
  const contexts = Object.fromEntries(
    Object.entries(found.contexts).map(([name, directory]) => [name, locateNamed(name, directory, root)]),
  );
  const files = outermost([...covered, ...Object.values(contexts)]);
  const bases = Object.fromEntries(
    Object.entries(source.bases ?? {}).map(([name, covers]) => [name, locateBase(name, covers)]),
  );
  const covers = outermost([...files, ...Object.values(bases).flat()]);
  return { context: prefix, paths: covers, files, dockerfile: file, contexts, bases };
}

function locateNamed(name: string, directory: string, root: string): string {
  if (!isWithin(directory, root)) {
    throw new VersionedImageError(
      "OutsideRepository",
      `build.contexts.${name} is ${directory}, which is not in the repository of the context (${root}): the version would not change ` +
        "with it. Name a directory of the repository, or an image with its digest.",
    );
  }
  return path.relative(root, directory);
}

/** The root is "." for whoever reads it, and "" here. */
function locateBase(name: string, covers: string[]): string[] {
  return outermost(
    covers.map((entry) => {
      // As an image's output has them.
      if (
        /^$|\0/.test(entry) ||
        path.isAbsolute(entry) ||
        path.posix.normalize(entry) !== entry ||
        /^\.\.(\/|$)|\/$/.test(entry)
      ) {
        throw new VersionedImageError(
          "InvalidArgument",
          `build.bases.${name}.covers names ${JSON.stringify(entry)}, which is no path from a repository's root: give it the output covers of ` +
            "a VersionedImage.",
        );
      }
      return entry === "." ? "" : entry;
    }),
  );
}

/** A link to a file elsewhere would stay the same while that file changes. */
async function refuseLinkedDockerfile(dockerfile: string, covered: string[], root: string): Promise<void> {
  const file = path.join(root, dockerfile);
  // Not a link, or not on disk: git tells whether it is in the commit.
  const target = await ifThere(readlink(file), [...MISSING, "EINVAL"]);
  if (target === undefined) {
    return;
  }
  const real = await ifThere(realpath(file));
  if (
    real === undefined ||
    !covered.some((entry) => isWithin(path.relative(root, real), entry)) ||
    !isWithin(real, root)
  ) {
    throw new VersionedImageError(
      "DockerfileNotCovered",
      `${dockerfile} is a symbolic link to ${target}, which the version does not cover: put the Dockerfile itself there.`,
    );
  }
}

async function resolveIn(
  entry: string,
  argument: string,
  context: string,
  prefix: string,
  root: string,
): Promise<string> {
  const relative = refuseOutside(entry, argument, context);
  await refuseLinkedParent(path.join(context, relative), entry, context, root);
  return path.posix.join(prefix, relative === "." ? "" : relative).replace(/^\.$/, "");
}

/** A path as the shortest from the context. Throws DockerfileNotCovered or InvalidArgument for one that leads out of it. */
export function refuseOutside(entry: string, argument: string, context: string): string {
  const relative = path.normalize(entry).replace(/\/+$/, "");
  // What holds NUL can't be given to git.
  if (/^$|\0/.test(entry) || path.isAbsolute(entry) || relative === ".." || relative.startsWith("../")) {
    const code = argument === "dockerfile" ? "DockerfileNotCovered" : "InvalidArgument";
    throw new VersionedImageError(
      code,
      `${argument} names ${JSON.stringify(entry)}, which is not in the context: give it relative to ${context}, or set context to ` +
        "a directory that holds all that the image is made of.",
    );
  }
  return relative;
}

/** Git does not look behind symbolic links, so what lies there has no version. */
async function refuseLinkedParent(file: string, entry: string, context: string, root: string): Promise<void> {
  const parent = path.dirname(file);
  if (file === context) {
    return;
  }
  // It may be in the commit though it is not on disk; git tells.
  const real = (await ifThere(realpath(parent))) ?? parent;
  if (real !== parent) {
    throw new VersionedImageError(
      "OutsideRepository",
      `${entry} in ${context} lies behind a symbolic link to ${real}${isWithin(real, root) ? "" : ", outside of the repository"}: ` +
        "git has no version for it there. Name the real path.",
    );
  }
}
