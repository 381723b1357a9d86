import { VersionedImageError } from "../errors";
import type { Publishing, Tagging } from "./ports";

interface Refused {
  status: number;
  words: string;
}

export function notPublished({ spec, copyFrom }: Pick<Publishing, "spec" | "copyFrom">): VersionedImageError {
  const nor = copyFrom ? `, nor is ${copyFrom.spec}, from which it would be copied` : "";
  return new VersionedImageError(
    "NotPublished",
    `${spec} is not in the registry${nor}, and publish is false: run the stack that publishes it at this commit first, or leave ` +
      "publish out to build the image here.",
  );
}

export function contentLost({ repository, spec, again }: Tagging, digest: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "ContentLost",
    `${repository}@${digest}, the content of ${spec}, ${what}. See that the registry does not delete what is being published (its clean-up or ` +
      `garbage collection), then run \`${again}\`: it builds and pushes the content anew.`,
  );
}

export function lostTag(version: Tagging, digest: string): VersionedImageError {
  return contentLost(version, digest, "was tagged, but a moment later the registry did not have the tag any more");
}

export function pushRefused(
  { repository, spec, command }: Publishing,
  digest: string,
  refused: Refused,
): VersionedImageError {
  return new VersionedImageError(
    "PushRefused",
    `${repository}@${digest}, the content of ${spec}, is pushed, but the registry refuses to take it with labels (${told(refused)}). ` +
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
      "repository whose tags may be overwritten, or commit: a new commit has a tag of its own.",
  );
}

/** Where no look and no put came to a clear end. */
export function undecidedTag({ spec, command }: Tagging, why: string): VersionedImageError {
  return new VersionedImageError(
    "RegistryUnavailable",
    `The tag of ${spec} could not be set, or it is not known whether it was: ${why.replace(/\.$/, "")}. Its content is pushed: \`${command}\` goes on ` +
      "from there, and sets no tag over another.",
  );
}

/** What a registry answers to an account that may not do what it asks for. */
const FORBIDDEN = [403, 405];

function remedy({ status }: Refused, command: string, right: string): string {
  return FORBIDDEN.includes(status)
    ? `Let the account ${right} the repository, then run \`${command}\` again.`
    : `Mend what the registry names, then run \`${command}\` again, which goes on from there.`;
}

function told({ status, words }: Refused): string {
  return `status ${status}: ${words}`;
}
