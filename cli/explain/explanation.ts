import { type ErrorCode, VersionedImageError } from "../../components/errors";
import type { RegistryClient } from "../../components/registry";
import {
  BUILD_LABEL,
  checkPublished,
  decideVersion,
  type Facts,
  labelIn,
  type Version,
  type VersionOptions,
} from "../../components/version";
import { type NewestThere, newestOfOthers } from "./newest";

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
  try {
    explanation.version = decideVersion(facts, options);
    if (repository !== undefined) {
      await askRegistry(explanation, repository, explanation.version, question);
    }
  } catch (error) {
    if (!(error instanceof VersionedImageError)) {
      throw error;
    }
    explanation.update = { action: "refuse", error: { code: error.code, message: error.message } };
  }
  return explanation;
}

async function askRegistry(
  explanation: Explanation,
  repository: string,
  version: Version,
  { client, platform, options }: Question,
): Promise<void> {
  const manifest = await client.resolve(repository, version.tag);
  if (options.debug) {
    explanation.held = manifest && { digest: manifest.digest, build: undefined, warning: undefined };
    return;
  }
  if (!manifest) {
    explanation.update = { action: "publish" };
    const { tagPrefix = "" } = options;
    explanation.newest = await newestOfOthers(explanation.facts, { client, repository, platform, tagPrefix });
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
