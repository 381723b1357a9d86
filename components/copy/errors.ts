import { VersionedImageError } from "../errors";
import type { Refusal } from "../registry";

/** The error for what can't be copied as it is. `what`: repository@digest; `why`: the end of a sentence about it. */
export function notCopyable(what: string, why: string, remedy: string): VersionedImageError {
  return new VersionedImageError("NotCopyable", `${what} can't be copied: ${why}. Nothing was tagged. ${remedy}`);
}

export const PUSH_ANEW = "Have the image pushed there anew, then copy it again.";

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
    `The registry refuses to take ${what} of ${digest} into ${repository} (status ${refused.status}: ${refused.words}). Nothing was ` +
      `tagged. Let the account push there, or mend what the registry names; then run \`${command}\` again, which goes on from there.`,
  );
}
