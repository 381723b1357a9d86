import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { readFacts } from "../../components/git";
import { parseRepository } from "../../components/registry";
import { decideVersion, type Version } from "../../components/version";
import { type ImageFlags, sourceOf, versionOptionsOf } from "../imageOptions";

export interface ImagesFlags extends ImageFlags {
  /** Where they are published; `{name}` stands for the name of each one's directory. */
  repository: string;
}

/** An image of a call. */
export interface Image {
  /** The directory that it is built from, as the user names it. */
  context: string;
  /** The name of that. */
  name: string;
  repository: string;
  version: Version;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** What it is made of, relative to the context. Default: all of that. */
  paths: string[] | undefined;
  /** The images that it is built on, by their names. */
  bases: Record<string, Base>;
}

/** An image that others are built on. */
export interface Base {
  context: string;
  repository: string;
  /** Its version's tag; of one that the call publishes itself, that says it. */
  tag(): Promise<string>;
}

/** One of the directories that were named. */
export interface Named {
  context: string;
  name: string;
  read(): Promise<Image>;
}

/**
 * Finds the images of the directories that were named. One that others are built on is itself built without bases. Throws InvalidArgument for
 * repositories that can't be, or that two of them would have.
 */
export function findImages(contexts: string[], flags: ImagesFlags): Named[] {
  const { base = {}, repository } = flags;
  const isTemplate = repository.includes("{name}");
  if (!isTemplate && (contexts.length > 1 || Object.keys(base).length > 0)) {
    throw new VersionedImageError(
      "InvalidArgument",
      `--repository is ${repository}, and there are several images: give each its own by {name}, which is the name of its directory, as in ` +
        "gcr.io/my-project/{name}.",
    );
  }
  const takenBy = new Map<string, string>();
  return contexts.map((context) => {
    const name = nameOf(context);
    const own = repositoryOf(context, repository);
    const other = takenBy.get(own);
    if (other !== undefined) {
      throw new VersionedImageError(
        "InvalidArgument",
        `${other} and ${context} would both be published to ${own}: give each image a repository of its own.`,
      );
    }
    takenBy.set(own, context);
    return { context, name, read: () => readImage(context, own, flags) };
  });
}

async function readImage(context: string, repository: string, flags: ImagesFlags): Promise<Image> {
  const { path: paths, dockerfile = "Dockerfile" } = flags;
  const named = directoriesOf(flags.base);
  const isBase = Object.values(named).some((other) => path.resolve(other) === path.resolve(context));
  const bases = isBase ? {} : named;
  const source = await sourceOf(context, { ...flags, base: isBase ? {} : flags.base });
  const version = decideVersion(await readFacts(source), versionOptionsOf(flags));
  return {
    context,
    name: nameOf(context),
    repository,
    version,
    dockerfile,
    paths,
    bases: Object.fromEntries(
      Object.entries(bases).map(([name, other]) => [
        name,
        readBase(other, repositoryOf(other, flags.repository), flags),
      ]),
    ),
  };
}

/** The directory of each base, by which its version is looked up. Throws InvalidArgument for one of several places. */
function directoriesOf(bases: Record<string, string[]> = {}): Record<string, string> {
  const directories = Object.entries(bases).map(([name, [directory = "", ...more]]) => {
    if (more.length > 0) {
      throw new VersionedImageError(
        "InvalidArgument",
        `--base ${name} is given ${more.length + 1} times, and publish looks a base up by its one directory: publish an image on such a base ` +
          "by a stack.",
      );
    }
    return [name, directory];
  });
  return Object.fromEntries(directories);
}

/** It is looked for as the version that is committed, for a debug image, too. */
function readBase(context: string, repository: string, flags: ImagesFlags): Base {
  const tag = async () => {
    const facts = await readFacts({ context, revision: flags.revision });
    return decideVersion(facts, { ...versionOptionsOf(flags), debug: false }).tag;
  };
  return { context, repository, tag };
}

function repositoryOf(context: string, template: string): string {
  return parseRepository(template.replaceAll("{name}", nameOf(context))).repository;
}

/** The name of a directory, wherever the call is made. */
function nameOf(context: string): string {
  return path.basename(path.resolve(context));
}
