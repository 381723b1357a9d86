import { realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { explain, git } from "./git";

/** The files of an image, as its arguments name them. */
export interface ImageSource {
  /** Relative to the working directory. */
  context: string;
  /** Relative to the context. Default: all of it. */
  paths?: string[];
  /** Relative to the context. Default: Dockerfile. */
  dockerfile?: string;
}

/** A repository on this machine. */
export interface Repository {
  /** Its root, an absolute path without symbolic links. */
  root: string;
  /** The folder that holds what all its work trees share. */
  commonDir: string;
  objectFormat: string;
  /** Git's hash of all that HEAD holds. */
  headTree: string;
}

/** The files of an image, with paths relative to the repository's root. */
export interface Located {
  context: string;
  paths: string[];
  dockerfile: string;
}

/** Finds an image's directory on disk, as an absolute path without symbolic links. */
export async function findContext(context: string): Promise<string> {
  const stats = await stat(context).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") {
      return undefined;
    }
    throw error;
  });
  if (!stats?.isDirectory()) {
    throw new VersionedImageError(
      "ContextNotFound",
      `${stats ? `The context ${context} is not a directory` : `There is no directory ${context}`} ` +
        `(looked for at ${path.resolve(context)}): set context to the image's directory, relative to the program's ` +
        "working directory.",
    );
  }
  return realpath(context);
}

/** Finds the repository that a directory is in. */
export async function findRepository(directory: string): Promise<Repository> {
  const asked = [
    "--path-format=absolute",
    "--show-object-format",
    "--git-common-dir",
    "--show-toplevel",
    "HEAD^{tree}",
  ];
  try {
    const printed = await git(["rev-parse", ...asked], { cwd: directory });
    const [objectFormat = "", commonDir = "", ...rest] = printed.slice(0, -1).split("\n");
    const headTree = rest.pop() ?? "";
    return { root: rest.join("\n"), commonDir, objectFormat, headTree };
  } catch (error) {
    if (/ambiguous argument 'HEAD\^\{tree\}'/.test(String(error))) {
      throw new VersionedImageError(
        "NoCommitYet",
        `The repository of ${directory} has no commit yet, and the version of an image is a commit. Commit the directory first.`,
      );
    }
    throw explain(error, directory);
  }
}

/** Puts an image's paths in terms of its repository, and refuses what lies outside of the context. */
export async function locate(source: ImageSource, context: string, { root }: Repository): Promise<Located> {
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
  return { context: prefix, paths: covered, dockerfile: file };
}

/** Whether a path is another one or lies below it. */
export function isWithin(file: string, directory: string): boolean {
  return directory === "" || file === directory || file.startsWith(`${directory}/`);
}

async function resolveIn(
  entry: string,
  argument: string,
  context: string,
  prefix: string,
  root: string,
): Promise<string> {
  const relative = path.normalize(entry).replace(/\/+$/, "");
  if (entry === "" || path.isAbsolute(entry) || relative === ".." || relative.startsWith("../")) {
    const code = argument === "dockerfile" ? "DockerfileNotCovered" : "InvalidArgument";
    throw new VersionedImageError(
      code,
      `${argument} names ${JSON.stringify(entry)}, which is not in the context: give it relative to ${context}, or set context to ` +
        "a directory that holds all that the image is made of.",
    );
  }
  await refuseLinkedParent(path.join(context, relative), entry, context, root);
  return path.posix.join(prefix, relative === "." ? "" : relative).replace(/^\.$/, "");
}

/** Git does not look behind symbolic links, so what lies there has no version. */
async function refuseLinkedParent(file: string, entry: string, context: string, root: string): Promise<void> {
  const parent = path.dirname(file);
  if (file === context) {
    return;
  }
  const real = await realpath(parent).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") {
      // It may be in the commit though it is not on disk; git tells.
      return parent;
    }
    throw error;
  });
  if (real !== parent) {
    throw new VersionedImageError(
      "OutsideRepository",
      `${entry} in ${context} lies behind a symbolic link to ${real}${isWithin(real, root) ? "" : ", outside of the repository"}: ` +
        "git has no version for it there. Name the real path.",
    );
  }
}

/** Sorted, each once, and without those that another one contains. */
function outermost(paths: string[]): string[] {
  const sorted = [...new Set(paths)].sort();
  return sorted.filter((entry) => !sorted.some((other) => other !== entry && isWithin(entry, other)));
}
