import { VersionedImageError } from "../errors";
import { isTag } from "../registry";
import { digitsOfTag, isScratchTag } from "../version";

/**
 * Further tags of a version's image, each once. `option`: how the user gives them, for messages. Throws InvalidArgument for one that is no tag
 * or looks like a version.
 */
export function furtherTags(option: string, asked: string[], tagPrefix: string): string[] {
  const tags = [...new Set(asked)];
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    throw unfit(option, `${JSON.stringify(wrong)} is no tag: give letters, digits, _, . and -`);
  }
  const fixed = tags.find((tag) => isVersionTag(tag, tagPrefix) || isScratchTag(tag));
  if (fixed !== undefined) {
    throw unfit(option, `${fixed} looks like a version, whose tag only its own publication sets: name it otherwise`);
  }
  return tags;
}

function isVersionTag(tag: string, prefix: string): boolean {
  const rest = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag;
  return [tag, rest].some((text) => digitsOfTag(text) !== undefined);
}

export function unfit(option: string, why: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", `${option}: ${why}.`);
}
