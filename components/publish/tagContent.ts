import { setTimeout as sleep } from "node:timers/promises";
import { VersionedImageError } from "../errors";
import type { RegistryClient } from "../registry";

/** A content that is in the registry, and the tag that is to name it. */
export interface Untagged {
  registry: RegistryClient;
  repository: string;
  tag: string;
  /** The content's digest. */
  digest: string;
  /** Throws if what a digest names is not this version. */
  prove(digest: string): Promise<void>;
  /** How long to wait before the tag is read back, in milliseconds. Default: 1 second. */
  momentMs?: number;
}

/** What the tag serves. */
export interface Served {
  digest: string;
  /** Whether another stack's content of this version is served, which was tagged first. */
  byAnother: boolean;
}

/**
 * Longer than any machine takes from its look at a tag to the tag that it sets, so that of two which set it at the same
 * time both read what stays.
 */
const MOMENT = 1_000;

/**
 * Sets a version's tag, unless it is there, and returns what the tag serves after that, whoever set it. Nothing is
 * overwritten. Throws ContentLost if the registry does not have the content any more, TagRefused if it refuses the tag, and
 * what `prove` throws where the tag serves something else than this version.
 */
export async function tagContent(untagged: Untagged): Promise<Served> {
  const { registry, repository, tag, digest, prove, momentMs = MOMENT } = untagged;
  const content = await registry.manifest(repository, digest, "push");
  if (!content) {
    throw lost(untagged, "was pushed, but the registry does not have it (any more)");
  }
  if (await isAbsent(registry, repository, tag)) {
    const answer = await registry.tag(repository, tag, content);
    if (answer !== "tagged" && !(await registry.resolve(repository, tag))) {
      throw refused(untagged, answer.refused.status, answer.refused.words);
    }
  }
  await sleep(momentMs);
  const served = await registry.resolve(repository, tag);
  if (!served) {
    throw lost(untagged, "was tagged, but a moment later the registry did not have the tag any more");
  }
  if (served.digest !== digest) {
    await prove(served.digest);
  }
  return { digest: served.digest, byAnother: served.digest !== digest };
}

/** Whether a tag is absent at this very moment: an answer that took long, or that this process came to late, is asked for again. */
async function isAbsent(registry: RegistryClient, repository: string, tag: string): Promise<boolean> {
  for (let look = 1; ; look++) {
    const asked = performance.now();
    if (await registry.resolve(repository, tag)) {
      return false;
    }
    if (performance.now() - asked < MOMENT / 2 || look === LOOKS) {
      return true;
    }
  }
}

/** How often is looked at the most: some registries are never quick. */
const LOOKS = 3;

function lost({ repository, tag, digest }: Untagged, what: string): VersionedImageError {
  return new VersionedImageError(
    "ContentLost",
    `${repository}@${digest}, the content of ${repository}:${tag}, ${what}. See that the registry does not delete what is being ` +
      "published (its clean-up or garbage collection), then run `pulumi up` again: it builds and pushes the content anew.",
  );
}

function refused({ repository, tag, digest }: Untagged, status: number, words: string): VersionedImageError {
  return new VersionedImageError(
    "TagRefused",
    `${repository}@${digest} is pushed, but the registry refuses to tag it ${tag} (status ${status}: ${words}). Nothing was ` +
      "overwritten. Let the account create tags in the repository, then run `pulumi up` again.",
  );
}
