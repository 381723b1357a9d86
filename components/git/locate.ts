import { readlink, realpath } from "node:fs/promises";
import * as path from "node:path";
import { invalidArgument, VersionedImageError } from "../errors";
import { isWithin, outermost, pathFromRoot } from "../version";
import { ifThere, MISSING } from "./files";
import { ignoreFileOf } from "./ignoreFile";
import { findContext, type Repository } from "./repository";

/** The files of an image, as its arguments name them. */
export interface ImageSource {
  /** Relative to the working directory. */
  context: string;
  /** Relative to the context. Default: all of it. */
  paths?: string[];
  /** Relative to the context, out of which it may lead. Default: Dockerfile. */
  dockerfile?: string;
  /** Directories of named contexts, relative to the working directory. Default: none. */
  contexts?: Record<string, string>;
  /** What the images that it is built on cover, relative to the repository's root, by their names. Default: none. */
  bases?: Record<string, string[]>;
  /** The commit, tag or branch at which the image is looked at, in place of HEAD and what is on disk. */
  revision?: string;
}

/** The files of an image, with paths relative to the repository's root. */
export interface Located {
  context: string;
  /** What the version covers: the files, and what its bases cover. */
  paths: string[];
  /** What the image is built from, the named contexts and the Dockerfile among it. */
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
export async function findSource({ context, contexts = {}, revision }: ImageSource): Promise<FoundSource> {
  const named = Object.entries(contexts).map(async ([name, directory]) => [
    name,
    await findContext(directory, `build.contexts.${name}`, revision),
  ]);
  return {
    context: await findContext(context, "context", revision),
    contexts: Object.fromEntries(await Promise.all(named)),
  };
}

/** Puts an image's paths in terms of its repository, and refuses what lies outside: paths of the context, a Dockerfile of the repository. */
export async function locate(source: ImageSource, found: FoundSource, { root }: Repository): Promise<Located> {
  const { context } = found;
  const { paths = ["."], dockerfile = "Dockerfile" } = source;
  if (paths.length === 0) {
    throw invalidArgument("paths is empty. Name at least one path, or leave it out for the whole context.");
  }
  const prefix = path.relative(root, context);
  const covered = outermost(await Promise.all(paths.map((entry) => resolveIn(entry, context, prefix, root))));
  const file = await resolveDockerfile(dockerfile, context, root);
  const contexts = Object.fromEntries(
    Object.entries(found.contexts).map(([name, directory]) => [name, locateNamed(name, directory, root)]),
  );
  const named = [...covered, ...Object.values(contexts)];
  const isCovered = named.some((entry) => isWithin(file, entry));
  const files = outermost(isCovered ? named : [...named, file, ignoreFileOf(file)]);
  await (isWithin(file, prefix) ? refuseLinkedDockerfile(file, files, root) : refuseLinksOutside(file, root));
  const bases = Object.fromEntries(
    Object.entries(source.bases ?? {}).map(([name, covers]) => [name, locateBase(name, covers)]),
  );
  const covers = outermost([...files, ...Object.values(bases).flat()]);
  return { context: prefix, paths: covers, files, dockerfile: file, contexts, bases };
}

async function resolveDockerfile(entry: string, context: string, root: string): Promise<string> {
  const file = dockerfileFromRoot(entry, context, root);
  await refuseLinkedParent(path.join(root, file), entry, context, root);
  return file;
}

/** A Dockerfile that is named relative to the context, from the root. Throws InvalidArgument or OutsideRepository where it can't be one. */
export function dockerfileFromRoot(entry: string, context: string, root: string): string {
  const named = `dockerfile names ${JSON.stringify(entry)}`;
  const file = path.relative(root, path.join(context, entry));
  if (isNoRelativePath(entry) || isWithin(path.relative(root, context), file)) {
    throw invalidArgument(`${named}: name a file, relative to the context (${context}).`);
  }
  if (leadsOut(file)) {
    throw new VersionedImageError(
      "OutsideRepository",
      `${named}, which is outside the context's repository (${root}), so the version would not change with it. Move it into the repository, ` +
        `and name it relative to the context (${context}).`,
    );
  }
  return file;
}

function locateNamed(name: string, directory: string, root: string): string {
  if (!isWithin(directory, root)) {
    throw new VersionedImageError(
      "OutsideRepository",
      `build.contexts.${name} is ${directory}, which is outside the context's repository (${root}), so the version would not change ` +
        "with it. Name a directory in the repository, or an image with its digest.",
    );
  }
  return path.relative(root, directory);
}

/** The root is "." for whoever reads it, and "" here. */
function locateBase(name: string, covers: string[]): string[] {
  return outermost(
    covers.map((entry) => {
      const found = pathFromRoot(entry);
      if (found === undefined) {
        throw invalidArgument(
          `build.bases.${name}.covers names ${JSON.stringify(entry)}, which is not a path relative to the repository's root. Pass the ` +
            "`covers` output of a VersionedImage.",
        );
      }
      return found;
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
      `${dockerfile} is a symbolic link to ${target}, which the version does not cover. Replace the link with the Dockerfile itself.`,
    );
  }
}

/** Beside the context, where one from outside is built from, a link would lead elsewhere. */
export async function refuseLinksOutside(dockerfile: string, root: string): Promise<void> {
  for (const file of [dockerfile, ignoreFileOf(dockerfile)]) {
    const target = await ifThere(readlink(path.join(root, file)), [...MISSING, "EINVAL"]);
    if (target !== undefined) {
      throw new VersionedImageError(
        "DockerfileNotCovered",
        `${file} is a symbolic link to ${target}, and links outside the context are not followed. Replace the link with the file itself.`,
      );
    }
  }
}

async function resolveIn(entry: string, context: string, prefix: string, root: string): Promise<string> {
  const relative = refuseOutside(entry, context);
  await refuseLinkedParent(path.join(context, relative), entry, context, root);
  return path.posix.join(prefix, relative === "." ? "" : relative).replace(/^\.$/, "");
}

/** A path as the shortest from the context. Throws InvalidArgument for one that leads out of it. */
function refuseOutside(entry: string, context: string): string {
  const relative = path.normalize(entry).replace(/\/+$/, "");
  if (isNoRelativePath(entry) || leadsOut(relative)) {
    throw invalidArgument(
      `paths names ${JSON.stringify(entry)}, which is not in the context. Name it relative to ${context}, or set context to ` +
        "a directory that contains all of the image's files.",
    );
  }
  return relative;
}

/** What holds NUL can't be given to git. */
function isNoRelativePath(entry: string): boolean {
  return /^$|\0/.test(entry) || path.isAbsolute(entry);
}

/** Whether a path, in its shortest form, leads out of what it is relative to. */
export function leadsOut(relative: string): boolean {
  return relative === ".." || relative.startsWith("../");
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
      `${entry} in ${context} is behind a symbolic link to ${real}${isWithin(real, root) ? "" : ", outside the repository"}, ` +
        "so git has no version of it. Name the real path.",
    );
  }
}
