import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { ignoreFileOf, newestNamed, openHistory } from "../../components/git/lookup";
import type { RegistryClient } from "../../components/registry";
import { type Facts, isWithin, type LabelledSource, labelledSource } from "../../components/version";

/** The newest version that a repository holds of HEAD's history, where it was made of other paths than are asked for. */
export interface NewestThere {
  tag: string;
  /** The directory that it was built from; this and its paths are relative to the repository's root, which is "". */
  context: string;
  /** What its version covers. */
  paths: string[];
  /** What asks for the same, as options of the command line. */
  options: string[];
}

interface Asked {
  client: RegistryClient;
  repository: string;
  platform: string;
  tagPrefix: string;
}

/**
 * Looks for that: another tag than the program's is asked for, or nothing at all. Undefined if there is none, or if its labels do not say
 * what it was made of; in words, why the registry does not tell.
 */
export async function newestOfOthers(facts: Facts, asked: Asked): Promise<NewestThere | string | undefined> {
  const { client, repository, platform, tagPrefix } = asked;
  try {
    const digits = (await client.tags(repository))
      .filter((tag) => tag.startsWith(tagPrefix))
      .map((tag) => tag.slice(tagPrefix.length))
      .filter((rest) => /^[0-9a-f]{7,40}$/.test(rest));
    const newest = await newestNamed(await openHistory(facts.root), digits);
    if (newest === undefined) {
      return undefined;
    }
    const tag = tagPrefix + newest;
    const manifest = await client.resolve(repository, tag);
    const image = manifest && (await client.inspect(repository, manifest.digest, platform));
    const said = image && labelledSource(image.labels);
    return said && said.paths.join("\n") !== facts.paths.join("\n")
      ? { tag, context: said.context, paths: said.paths, options: optionsFor(said, facts.root) }
      : undefined;
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return `${error.message} [${error.code}]`;
    }
    throw error;
  }
}

/** NAME stands for what labels do not say. */
function optionsFor({ context, files, bases, dockerfile }: LabelledSource, root: string): string[] {
  const inside = files.filter((file) => isWithin(file, context));
  const fromHere = (place: string) => quoted(path.relative("", path.join(root, place)) || ".");
  const fromContext = (file: string) => quoted(path.posix.relative(context, file) || ".");
  const ofDockerfile = isWithin(dockerfile, context) ? [] : [dockerfile, ignoreFileOf(dockerfile)];
  const named = files.filter((file) => !inside.includes(file) && !ofDockerfile.includes(file));
  return [
    ...(inside.length === 1 && inside[0] === context ? [] : inside.map((file) => `--path ${fromContext(file)}`)),
    ...(fromContext(dockerfile) === "Dockerfile" ? [] : [`--dockerfile ${fromContext(dockerfile)}`]),
    ...named.map((file) => `--build-context NAME=${fromHere(file)}`),
    ...Object.entries(bases).flatMap(([name, { covers }]) =>
      covers.map((cover) => `--base ${name}=${fromHere(cover)}`),
    ),
  ];
}

/** For a shell to take as one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
