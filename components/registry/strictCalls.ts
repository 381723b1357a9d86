import type { ManifestContent } from "./descriptor";
import { contentOf } from "./media";
import type { Answer } from "./request";
import type { Unanswered } from "./session";
import { refusalOf, requireTag, wasTagged } from "./tagManifest";

/** What a strict look at a tag has found. */
export type Look = { kind: "absent" } | { kind: "there"; digest: string } | Unanswered;

/** What became of a tag that was put strictly. */
export type Put = { kind: "tagged" } | { kind: "refused"; status: number; words: string } | Unanswered;

/**
 * Calls for a tag that are sent once each, without a pause or a login in between. After `unanswered` or `loginEnded` the registry
 * may have done what it was sent, or not: a look tells. What is not clear otherwise throws as the client's other calls do.
 */
export interface StrictCalls {
  /** What the tag holds, from the manifest's own bytes. */
  look(tag: string): Promise<Look>;
  /** Puts a manifest's own bytes under the tag, whatever is there. */
  put(tag: string, content: ManifestContent): Promise<Put>;
}

/** The same as requests to a repository. */
export interface StrictFetcher {
  manifest(tag: string): Promise<Answer | Unanswered>;
  putManifest(tag: string, content: ManifestContent): Promise<Answer | Unanswered>;
}

export function strictCalls({ manifest, putManifest }: StrictFetcher): StrictCalls {
  return {
    look: async (tag) => {
      requireTag(tag);
      const answer = await manifest(tag);
      if ("kind" in answer) {
        return answer;
      }
      return answer.status === 404 ? { kind: "absent" } : { kind: "there", digest: contentOf(answer, tag).digest };
    },
    put: async (tag, content) => {
      requireTag(tag);
      const answer = await putManifest(tag, content);
      if ("kind" in answer) {
        return answer;
      }
      return wasTagged(answer, content) ? { kind: "tagged" } : { kind: "refused", ...refusalOf(answer).refused };
    },
  };
}
