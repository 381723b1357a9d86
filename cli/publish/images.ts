import * as path from "node:path";
import { invalidArgument } from "../../components/errors";
import { type ImageSource, readFacts } from "../../components/git";
import { decideVersion, namedContexts, type Version } from "../../components/version";
import { builtOn } from "../builtOn";
import { type ImageFlags, versionOptionsOf } from "../imageOptions";
import { NAME, namedRepository, nameOf } from "../namedRepository";
import { type Build, type BuildFlags, buildOf } from "./buildFlags";
import { basesOf } from "./directories";

export interface ImagesFlags extends ImageFlags, Omit<BuildFlags, "buildContext" | "base"> {
  /** Where they are published; `{name}` stands for the name of each one's directory or target. Default: as the bake file says. */
  repository?: string;
}

interface DirectoriesFlags extends ImagesFlags {
  repository: string;
}

/** An image of a call. */
export interface Image {
  /** As the user names it: its directory, or the target of a bake file. */
  label: string;
  /** The name of its directory, or of its target. */
  name: string;
  repository: string;
  version: Version;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** What it is made of, relative to the context. Default: all of that. */
  paths: string[] | undefined;
  build: Build;
  /** The images that it is built on, by their names. */
  bases: Record<string, Base>;
}

/** An image that others are built on. */
export interface Base {
  /** How the user has said that they are, for messages: --base BASE. */
  option: string;
  /** As the user names it. */
  label: string;
  /** Which image of the call it is, or how its version is found in the registry. */
  from: { id: string } | { repository: string; tag(): Promise<string> };
}

/** One of the images that were named. */
export interface Named {
  /** Tells it from the others. */
  id: string;
  label: string;
  /** The directory that it is built from. */
  context: string;
  /** The name of that, or of the target. */
  name: string;
  read(): Promise<Image>;
}

/**
 * Finds the images of the directories that were named. Throws InvalidArgument for options that can't be, and for repositories that can't be,
 * or that two of them would have.
 */
export function findImages(contexts: string[], flags: DirectoriesFlags, env: NodeJS.ProcessEnv): Named[] {
  const build = buildOf(flags, env);
  const { base = {}, repository } = flags;
  const isTemplate = repository.includes(NAME);
  if (!isTemplate && (contexts.length > 1 || Object.keys(base).length > 0)) {
    throw invalidArgument(
      `--repository is ${repository}, but there are several images. Use {name} for the name of each directory, as in ` +
        "gcr.io/my-project/{name}.",
    );
  }
  const takenBy = new Map<string, string>();
  const sources = sourcesOf(contexts, flags);
  return contexts.map((context) => {
    const name = nameOf(context);
    const own = namedRepository(repository, nameOf(context));
    const other = takenBy.get(own);
    if (other !== undefined) {
      throw invalidArgument(
        `${other} and ${context} would both be published to ${own}. Give each image its own repository.`,
      );
    }
    takenBy.set(own, context);
    return {
      id: idOf(context),
      label: context,
      context,
      name,
      read: () => readImage(context, own, build, sources, flags),
    };
  });
}

/** The directories of a call, and what each is made of. */
interface Sources {
  /** Whether the call publishes a directory's image. */
  has(context: string): boolean;
  basesOf(context: string): Record<string, string>;
  /** What decides the version of a directory's image. Options hold for those that the call publishes. */
  sourceOf(context: string): Promise<ImageSource>;
}

function sourcesOf(
  contexts: string[],
  { base, path: paths, dockerfile, buildContext, revision }: ImagesFlags,
): Sources {
  const ids = new Set(contexts.map(idOf));
  const has = (context: string) => ids.has(idOf(context));
  const find = basesOf(base);
  const told = { paths, dockerfile, contexts: namedContexts(buildContext).directories };
  const sourceOf = async (context: string): Promise<ImageSource> => {
    const bases = Object.entries(find(context)).map(async ([name, other]) => [name, await sourceOf(other)] as const);
    const own = { context, revision, ...(has(context) && told) };
    return builtOn(own, Object.fromEntries(await Promise.all(bases)));
  };
  return { has, basesOf: find, sourceOf };
}

async function readImage(
  context: string,
  repository: string,
  build: Build,
  sources: Sources,
  flags: DirectoriesFlags,
): Promise<Image> {
  const { path: paths, dockerfile = "Dockerfile" } = flags;
  const version = decideVersion(await readFacts(await sources.sourceOf(context)), versionOptionsOf(flags));
  const bases = Object.entries(sources.basesOf(context)).map(([name, other]) => [
    name,
    readBase(name, other, sources, flags),
  ]);
  return {
    label: context,
    name: nameOf(context),
    repository,
    version,
    dockerfile,
    paths,
    build,
    bases: Object.fromEntries(bases),
  };
}

/** What the call does not publish is looked for as the version that is committed, for a debug image, too. */
function readBase(name: string, context: string, { has, sourceOf }: Sources, flags: DirectoriesFlags): Base {
  const tag = async () => {
    const facts = await readFacts(await sourceOf(context));
    return decideVersion(facts, { ...versionOptionsOf(flags), debug: false }).tag;
  };
  return {
    option: `--base ${name}`,
    label: context,
    from: has(context)
      ? { id: idOf(context) }
      : { repository: namedRepository(flags.repository, nameOf(context)), tag },
  };
}

/** However a directory is named, it is one image. */
function idOf(context: string): string {
  return path.resolve(context);
}
