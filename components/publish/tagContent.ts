import { setTimeout as sleep } from "node:timers/promises";
import { VersionedImageError } from "../errors";
import type { Manifest, RegistryClient } from "../registry";

/** A content that is in the registry, and the tag that is to name it. */
export interface Untagged {
  registry: RegistryClient;
  repository: string;
  tag: string;
  /** The content's digest. */
  digest: string;
  /** Throws if what a digest names is not this version. */
  prove(digest: string): Promise<void>;
  /** Whether the registry lets no tag be moved: what it serves once is what it serves. */
  immutable?: boolean;
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
  const { registry, repository, tag, digest, immutable, momentMs = MOMENT } = untagged;
  const content = await registry.manifest(repository, digest, "push");
  if (!content) {
    throw lost(untagged, "was pushed, but the registry does not have it (any more)");
  }
  const there = await lookNow(registry, repository, tag);
  if (there && immutable) {
    return use(untagged, there);
  }
  if (!there) {
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
  return use(untagged, served);
}

async function use({ digest, prove }: Untagged, served: Manifest): Promise<Served> {
  const byAnother = served.digest !== digest;
  if (byAnother) {
    await prove(served.digest);
  }
  return { digest: served.digest, byAnother };
}

/**
 * What a tag serves at this very moment, undefined if it is absent: an absence that took long to be told, or that this process
 * came to late, is asked for again.
 */
async function lookNow(registry: RegistryClient, repository: string, tag: string): Promise<Manifest | undefined> {
  for (let look = 1; ; look++) {
    const asked = performance.now();
    const held = await registry.resolve(repository, tag);
    if (held || performance.now() - asked < MOMENT / 2 || look === LOOKS) {
      return held;
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
