import { readFile, realpath, stat } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { ifThere } from "./files";
import { git } from "./git";
import { GitError } from "./gitError";
import { isIgnoreFile } from "./ignoreFile";

/** A repository on this machine. */
export interface Repository {
  /** Its root, an absolute path without symbolic links. */
  root: string;
  /** The folder that holds what all its work trees share. */
  commonDir: string;
  objectFormat: string;
  /** The commit at which images are looked at: HEAD, or the hash of another one. */
  head: string;
  /** Git's hash of all that it holds. */
  headTree: string;
}

/**
 * Finds an image's directory, as an absolute path without symbolic links. It need not be on disk if HEAD, or what `revision` names, has it: a
 * sparse checkout leaves directories out.
 */
export async function findContext(context: string, argument = "context", revision = "HEAD"): Promise<string> {
  const stats = await ifThere(stat(context));
  if (stats?.isDirectory()) {
    return realpath(context);
  }
  const absolute = path.resolve(context);
  const above = await nearestDirectory(absolute);
  const rest = path.relative(above, absolute);
  if (!stats && rest !== "" && (await isIn(revision, above, rest, "tree"))) {
    return path.join(await realpath(above), rest);
  }
  throw new VersionedImageError(
    "ContextNotFound",
    `${stats ? `The context ${context} is not a directory` : `Directory ${context} does not exist`} ` +
      `(${absolute}). Set ${argument} to ${argument === "context" ? "the image's" : "its"} directory, relative to the ` +
      "working directory.",
  );
}

/**
 * Finds a file or directory, as an absolute path whose directory has no symbolic links. It need not be on disk if HEAD, or what `revision`
 * names, has it, and an ignore file need not be anywhere. Throws ContextNotFound, which names `argument`.
 */
export async function findPath(place: string, argument: string, revision = "HEAD"): Promise<string> {
  const absolute = path.resolve(place);
  const above = await nearestDirectory(path.dirname(absolute));
  const rest = path.relative(above, absolute);
  const isFile =
    (await ifThere(stat(place)))?.isFile() || isIgnoreFile(absolute) || (await isIn(revision, above, rest, "blob"));
  return isFile ? path.join(await realpath(above), rest) : findContext(place, argument, revision);
}

async function isIn(revision: string, above: string, name: string, type: "tree" | "blob"): Promise<boolean> {
  // Nothing can have such a name, and git can't be asked for it.
  if (name.includes("\0")) {
    return false;
  }
  try {
    return (await git(["cat-file", "-t", `${revision}:./${name}`], { cwd: above })) === `${type}\n`;
  } catch (error) {
    // Whatever git can't find there, a repository or what is named in it: it is not to be found.
    if (error instanceof GitError) {
      return false;
    }
    throw error;
  }
}

/** The directory itself, or the nearest one above that is on disk. */
async function nearestDirectory(directory: string): Promise<string> {
  const above = path.dirname(directory);
  return above === directory || (await ifThere(stat(directory)))?.isDirectory() ? directory : nearestDirectory(above);
}

/** Finds the repository that a directory is in. */
export async function findRepository(directory: string): Promise<Repository> {
  // The hash stands between the two paths, which could hold line breaks.
  const asked = [
    "--path-format=absolute",
    "--show-object-format",
    "--show-toplevel",
    "HEAD^{tree}",
    "--git-common-dir",
  ];
  const printed = await git(["rev-parse", ...asked], { cwd: await nearestDirectory(directory), at: directory });
  if (printed.startsWith("--path-format")) {
    throw new VersionedImageError("GitFailed", "git is too old. Install git 2.31 or later.");
  }
  const [objectFormat = "", ...rest] = printed.slice(0, -1).split("\n");
  const hash = rest.findIndex((line) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(line));
  return {
    root: rest.slice(0, hash).join("\n"),
    commonDir: rest.slice(hash + 1).join("\n"),
    objectFormat,
    head: "HEAD",
    headTree: rest[hash] ?? "",
  };
}

/** The commits at which a shallow clone's history ends; none in a full clone. */
export async function readShallow({ commonDir }: Repository): Promise<Set<string>> {
  const content = await ifThere(readFile(path.join(commonDir, "shallow"), "utf8"));
  return new Set(content?.split("\n").filter((line) => line !== ""));
}
