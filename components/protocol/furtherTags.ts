import { invalidArgument, type VersionedImageError } from "../errors";
import { isTag } from "../registry";
import { digitsOfTag, isScratchTag } from "../version";

/**
 * Further tags of a version's image, each once. `option`: how the user gives them, for messages. Throws InvalidArgument for one that is no tag
 * or looks like a version, or belongs to a digest.
 */
export function furtherTags(option: string, asked: string[], tagPrefix: string): string[] {
  const tags = [...new Set(asked)];
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    throw unfit(option, `${JSON.stringify(wrong)} is not a tag: use letters, digits, _, . and -`);
  }
  const fixed = tags.find((tag) => isVersionTag(tag, tagPrefix) || isScratchTag(tag));
  if (fixed !== undefined) {
    throw unfit(
      option,
      `${fixed} looks like a version's tag, which is set only when that version is published: use another name`,
    );
  }
  const taken = tags.find((tag) => REFERRERS.test(tag));
  if (taken !== undefined) {
    throw unfit(option, `${taken} is reserved for the signatures of a digest: use another name`);
  }
  return tags;
}

/** The tags under which what refers to a digest is kept, as OCI's fallback and cosign name them. */
const REFERRERS = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.|$)/;

function isVersionTag(tag: string, prefix: string): boolean {
  const rest = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag;
  return [tag, rest].some((text) => digitsOfTag(text) !== undefined);
}

export function unfit(option: string, why: string): VersionedImageError {
  return invalidArgument(`${option}: ${why}.`);
}
