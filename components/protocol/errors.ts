import { VersionedImageError } from "../errors";
import type { Publishing, Tagging } from "./ports";

interface Refused {
  status: number;
  words: string;
}

export function notPublished({ spec, copyFrom }: Pick<Publishing, "spec" | "copyFrom">): VersionedImageError {
  const nor = copyFrom ? `, nor is ${copyFrom.spec} (copyFrom)` : "";
  return new VersionedImageError(
    "NotPublished",
    `${spec} is not in the registry${nor}, and publish is false. First run the stack that publishes it at this commit, or leave ` +
      "publish out to build the image here.",
  );
}

export function contentLost({ repository, spec, again }: Tagging, digest: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "ContentLost",
    `${repository}@${digest}, the content of ${spec}, ${what}. Check that the registry's clean-up or garbage collection does not delete new ` +
      `content, then run \`${again}\` to push it again.`,
  );
}

export function lostTag(version: Tagging, digest: string): VersionedImageError {
  return contentLost(version, digest, "was tagged, but a moment later the registry no longer had the tag");
}

export function pushRefused(
  { repository, spec, command }: Publishing,
  digest: string,
  refused: Refused,
): VersionedImageError {
  return new VersionedImageError(
    "PushRefused",
    `${repository}@${digest}, the content of ${spec}, is pushed, but the registry refuses to store it with labels (${told(refused)}). ` +
      `Nothing was tagged or overwritten. ${remedy(refused, command, "push blobs and manifests to")}`,
  );
}

export function tagRefused(
  { repository, tag, command }: Tagging,
  digest: string,
  refused: Refused,
): VersionedImageError {
  return new VersionedImageError(
    "TagRefused",
    `${repository}@${digest} is pushed, but the registry refuses to tag it ${tag} (${told(refused)}). Nothing was ` +
      `overwritten. ${remedy(refused, command, "create tags in")}`,
  );
}

/** A debug tag is set to whatever was built last, which not every registry lets be done. */
export function debugTagRefused(
  { repository, tag }: Publishing,
  digest: string,
  refused: Refused,
): VersionedImageError {
  return new VersionedImageError(
    "TagRefused",
    `${repository}@${digest} is pushed, but the registry refuses to move the tag ${tag} to it (${told(refused)}). Publish debug images to a ` +
      "repository with mutable tags, or commit: a new commit has its own tag.",
  );
}

/** Where no look and no put came to a clear end. */
export function undecidedTag({ spec, command }: Tagging, why: string): VersionedImageError {
  return new VersionedImageError(
    "RegistryUnavailable",
    `The tag of ${spec} may not have been set: ${why.replace(/\.$/, "")}. Its content is pushed. Run \`${command}\` to ` +
      "continue; it never overwrites a tag.",
  );
}

/** What a registry answers to an account that may not do what it asks for. */
const FORBIDDEN = [403, 405];

function remedy({ status }: Refused, command: string, right: string): string {
  return FORBIDDEN.includes(status)
    ? `Allow the account to ${right} the repository, then run \`${command}\` again.`
    : `Fix what the registry reports, then run \`${command}\` again to continue.`;
}

function told({ status, words }: Refused): string {
  return `status ${status}: ${words}`;
}
