import * as path from "node:path";
import { type ErrorCode, VersionedImageError } from "../../components/errors";
import { ignoreFileOf, newestNamed, openHistory } from "../../components/git/lookup";
import type { RegistryClient } from "../../components/registry";
import {
  BUILD_LABEL,
  checkPublished,
  decideVersion,
  type Facts,
  isWithin,
  type LabelledSource,
  labelIn,
  labelledSource,
  type Version,
  type VersionOptions,
} from "../../components/version";
import { attempt } from "../attempt";

/** What the registry holds under the version's tag. */
export interface Held {
  digest: string;
  /** What its label says of how it was built. */
  build: string | undefined;
  /** Why nothing proves where it is from, if so. */
  warning: string | undefined;
}

/** What an update of a stack would do with an image. */
export type Update =
  /** Build the commit and push it. */
  | { action: "publish" }
  /** Use what the registry holds. */
  | { action: "adopt" }
  /** One of the two: no registry was asked. */
  | { action: "publish-or-adopt" }
  /** Build the directory as it is on disk and push it over the debug tag. */
  | { action: "debug" }
  | { action: "refuse"; error: { code: ErrorCode; message: string } };

/** How a version came about and what follows from it. */
export interface Explanation {
  facts: Facts;
  options: VersionOptions;
  /** Undefined if there is none. */
  version: Version | undefined;
  repository: string | undefined;
  /** Undefined if the registry has nothing under the tag, or was not asked. */
  held: Held | undefined;
  /** Where the version is not there: the newest one that is, if it was made of other paths; in words, why that can't be told. */
  newest: NewestThere | string | undefined;
  update: Update;
}

export interface Question {
  options: VersionOptions;
  repository: string | undefined;
  platform: string;
  client: RegistryClient;
}

/** Finds what an update would do, as the component decides it. Its refusals are part of the answer. */
export async function explanationOf(facts: Facts, question: Question): Promise<Explanation> {
  const { options, repository } = question;
  const explanation: Explanation = {
    facts,
    options,
    version: undefined,
    repository,
    held: undefined,
    newest: undefined,
    update: { action: options.debug ? "debug" : "publish-or-adopt" },
  };
  const refused = await attempt(async () => {
    explanation.version = decideVersion(facts, options);
    if (repository !== undefined) {
      await askRegistry(explanation, repository, explanation.version, question);
    }
  });
  if (refused) {
    explanation.update = { action: "refuse", error: { code: refused.code, message: refused.message } };
  }
  return explanation;
}

async function askRegistry(
  explanation: Explanation,
  repository: string,
  version: Version,
  question: Question,
): Promise<void> {
  const { client, platform, options } = question;
  const manifest = await client.resolve(repository, version.tag);
  if (options.debug) {
    explanation.held = manifest && { digest: manifest.digest, build: undefined, warning: undefined };
    return;
  }
  if (!manifest) {
    explanation.update = { action: "publish" };
    explanation.newest = await newestOfOthers(explanation.facts, repository, question);
    return;
  }
  const { digest } = manifest;
  explanation.held = { digest, build: undefined, warning: undefined };
  const image = await client.inspect(repository, digest, platform);
  explanation.held.build = labelIn(image.labels, BUILD_LABEL);
  // How this program would build it is not known here, so that only where it is from can be checked.
  const expected = {
    version,
    tagPolicy: options.tagPolicy,
    spec: `${repository}:${version.tag}`,
    platform,
    fingerprint: undefined,
  };
  explanation.held.warning = checkPublished({ digest, ...image }, expected);
  explanation.update = { action: "adopt" };
}

/** The newest version that a repository holds of HEAD's history, where it was made of other paths than are asked for. */
interface NewestThere {
  tag: string;
  /** The directory that it was built from; this and its paths are relative to the repository's root, which is "". */
  context: string;
  /** What its version covers. */
  paths: string[];
  /** What asks for the same, as options of the command line. */
  options: string[];
}

/**
 * Looks for that: another tag than the program's is asked for, or nothing at all. Undefined if there is none, or if its labels do not say
 * what it was made of; in words, why the registry does not tell.
 */
async function newestOfOthers(
  facts: Facts,
  repository: string,
  { client, platform, options: { tagPrefix = "" } }: Question,
): Promise<NewestThere | string | undefined> {
  const found = await attempt(async () => {
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
  });
  return found instanceof VersionedImageError ? `${found.message} [${found.code}]` : found;
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
