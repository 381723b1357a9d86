import { readdir, stat } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { ifThere } from "../files";
import { exportCommit } from "../git";
import type { Version } from "../version";
import { readIgnoreFile } from "./ignoreFile";
import { CONTEXT_FOLDER, makeLayout } from "./keptPlace";
import type { ContextContent } from "./preparedContext";
import { copyContext } from "./snapshot";
import { scratchPrefix, stagedBeside, stagedWithin } from "./stagingRoot";

/** A version whose files are to be built. */
export interface VersionFiles {
  version: Version;
  /** What it is made of, relative to its context. Default: all of that. */
  paths: string[] | undefined;
  /** Relative to the context. */
  dockerfile: string;
  /** The stage that is built. Default: the last one. */
  target: string | undefined;
}

/** Is told what its user is to know of the files. */
type Warn = (what: string) => void;

/** Is told which files were copied, relative to the context. */
type Copied = (files: string[]) => void;

/** What a version was committed with, as Docker is given it: the context alone, with the Dockerfile in it. */
export function committedContext(files: VersionFiles, warn: Warn): ContextContent {
  const staged = stagedWithin(files.dockerfile);
  return {
    ...files,
    staged,
    mtime: files.version.committedAt,
    write: (into) => writeCommit(files, into, staged, undefined, warn),
  };
}

/** The same of what is on disk. */
export function contextOnDisk(files: VersionFiles, copied: Copied): ContextContent {
  const staged = stagedWithin(files.dockerfile);
  return {
    ...files,
    staged,
    mtime: undefined,
    write: async (into) => copied(await copyContext({ ...files, staged, context: contextOf(files) }, into)),
  };
}

/** What a version was committed with, as BuildKit is given it: the context, its named contexts and the Dockerfile beside each other. */
export function committedLayout(files: VersionFiles, warn: Warn): ContextContent {
  return layout(files, files.version.committedAt, (context, named) =>
    writeCommit(files, context, stagedBeside(files.dockerfile), named, warn),
  );
}

/** The same of what is on disk. */
export function layoutOnDisk(files: VersionFiles, copied: Copied): ContextContent {
  const { version, dockerfile } = files;
  return layout(files, undefined, async (context, named) => {
    const staged = stagedBeside(dockerfile);
    copied(await copyContext({ ...files, staged, context: contextOf(files) }, context));
    for (const [name, directory] of Object.entries(version.contexts)) {
      await copyContext(
        { context: path.join(version.root, directory), paths: undefined, dockerfile: undefined },
        named(name),
      );
    }
  });
}

function layout(
  files: VersionFiles,
  mtime: Date | undefined,
  write: (context: string, named: (name: string) => string) => Promise<void>,
): ContextContent {
  const staged = stagedBeside(files.dockerfile);
  return {
    ...files,
    staged,
    context: CONTEXT_FOLDER,
    mtime,
    write: async (into) => {
      const contexts = Object.keys(files.version.contexts);
      const { context, named } = await makeLayout(into, contexts);
      await write(context, named);
      await refuseDeadLinks([context, ...contexts.map(named)], context, staged);
    },
  };
}

function contextOf({ version }: VersionFiles): string {
  return path.join(version.root, version.context);
}

/**
 * Writes what a version was committed with, a Dockerfile from outside of the context to where `staged` says from there, and its named contexts to
 * where `named` says. Warns of filters whose work an image gives away.
 */
async function writeCommit(
  { version, dockerfile }: VersionFiles,
  into: string,
  staged: string,
  named: ((context: string) => string) | undefined,
  warn: Warn,
): Promise<void> {
  const outside = staged === dockerfile ? undefined : { dockerfile, staged };
  const { filters } = await exportCommit(version, into, { named, outside, scratch: await scratchPrefix() });
  const undoing = filters.filter((filter) => filter !== "lfs");
  if (undoing.length > 0) {
    warn(
      `files pass git's ${undoing.length === 1 ? "filter" : "filters"} ${undoing.join(", ")}, so everyone who can pull the ` +
        "image can read the result, such as decrypted files.",
    );
  }
}

/**
 * BuildKit's provider reads through links when it compares contexts, and fails without a word of why at one that leads nowhere on this machine.
 * Throws StagingFailed for those that are not in .dockerignore; `directories` are the context and its named ones.
 */
export async function refuseDeadLinks(directories: string[], context: string, dockerfile: string): Promise<void> {
  const { ignores } = await readIgnoreFile(context, dockerfile);
  for (const directory of directories) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isSymbolicLink())) {
      const file = path.relative(directory, path.join(entry.parentPath, entry.name));
      if (!ignores(file) && !(await ifThere(stat(path.join(directory, file)), ["ENOENT", "ELOOP", "ENOTDIR"]))) {
        throw new VersionedImageError(
          "StagingFailed",
          `${file} is a symbolic link whose target does not exist here, and @pulumi/docker-build can't read it. Create the link in the ` +
            "Dockerfile (RUN ln -s), name it in .dockerignore, or build with Docker.",
        );
      }
    }
  }
}
