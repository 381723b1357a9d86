import { VersionedImageError } from "../errors";
import type { Refusal } from "../registry";

/** The error for what can't be copied as it is. `what`: repository@digest; `why`: the end of a sentence about it. */
export function notCopyable(what: string, why: string, remedy: string): VersionedImageError {
  return new VersionedImageError("NotCopyable", `${what} can't be copied: ${why}. Nothing was tagged. ${remedy}`);
}

export const PUSH_ANEW = "Push the image there again, then copy it again.";

/** The error for content that a source should have and has not. */
export function lacking(source: string, what: string, remedy = PUSH_ANEW): VersionedImageError {
  return notCopyable(source, `the registry lacks ${what}`, remedy);
}

export function pushRefused(
  repository: string,
  digest: string,
  what: string,
  { refused }: Refusal,
  command: string,
): VersionedImageError {
  return new VersionedImageError(
    "PushRefused",
    `The registry refuses to store ${what} of ${digest} in ${repository} (status ${refused.status}: ${refused.words}). Nothing was ` +
      `tagged. Allow the account to push there, or fix what the registry reports, then run \`${command}\` again to continue.`,
  );
}
