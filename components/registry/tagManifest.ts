import { invalidArgument } from "../errors";
import { digestOf, type ManifestContent } from "./descriptor";
import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import { statedDigest } from "./media";
import { isTag } from "./reference";
import type { Answer } from "./request";

/** A registry's own "no" to a change, which may mean that somebody else was first: who asked looks again. */
export interface Refusal {
  refused: {
    status: number;
    /** What the registry says of it, on one line. */
    words: string;
  };
}

/**
 * What a registry answers to what it won't take: its own immutable tags, a policy or a missing right, or content that it does
 * not have (any more).
 */
export const TAG_REFUSALS = [400, 403, 404, 405, 409, 412, 413, 415, 422];

/**
 * Puts a manifest's own bytes under a tag. What is there already is overwritten, where the registry lets that be done.
 * Throws RegistryProtocol if the registry then names another digest.
 */
export async function tagManifest(
  fetcher: Fetcher,
  tag: string,
  manifest: ManifestContent,
): Promise<"tagged" | Refusal> {
  requireTag(tag);
  const answer = await fetcher.putManifest(tag, manifest);
  return wasTagged(answer, manifest) ? "tagged" : refusalOf(answer);
}

export function requireTag(tag: string): void {
  if (!isTag(tag)) {
    throw invalidArgument(`${JSON.stringify(tag)} is not a tag. Use letters, digits, _, . and -.`);
  }
}

/** Whether a manifest was taken, and not refused. Throws RegistryProtocol if the registry names another digest. */
export function wasTagged(answer: Answer, { bytes }: ManifestContent): boolean {
  if (TAG_REFUSALS.includes(answer.status)) {
    return false;
  }
  if (![200, 201, 202].includes(answer.status)) {
    throw protocol(answer.origin, `status ${answer.status} for the upload of a manifest`);
  }
  statedDigest(answer, (stated) => digestOf(bytes, stated));
  return true;
}

/** A refusal as a value. */
export function refusalOf({ status, words }: Answer): Refusal {
  return { refused: { status, words } };
}
