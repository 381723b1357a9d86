import { VersionedImageError } from "../errors";
import { isTag } from "../registry";
import { digitsOfTag, isScratchTag } from "../version";
import type { Target } from "./target";

/** Further tags that may be moved to a version's image, each once. Throws InvalidArgument for one that looks like a version. */
export function movingTags(asked: string[] = [], tagPrefix = ""): string[] {
  const tags = [...new Set(asked)];
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    throw invalid(`${JSON.stringify(wrong)} is no tag: give letters, digits, _, . and -`);
  }
  const fixed = tags.find((tag) => isVersionTag(tag, tagPrefix) || isScratchTag(tag));
  if (fixed !== undefined) {
    throw invalid(`${fixed} looks like a version, whose tag is never moved: name it otherwise`);
  }
  return tags;
}

function isVersionTag(tag: string, prefix: string): boolean {
  const rest = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag;
  return [tag, rest].some((text) => digitsOfTag(text) !== undefined);
}

function invalid(why: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", `alsoTag: ${why}.`);
}

/** Moves tags to what a digest names. `command`: what was run, for messages. Throws TagRefused where the registry refuses that. */
export async function moveTags(
  { registry, repository }: Target,
  digest: string,
  tags: string[],
  command: string,
): Promise<void> {
  for (const tag of tags) {
    if ((await registry.resolve(repository, tag))?.digest === digest) {
      continue;
    }
    const content = await registry.manifest(repository, digest);
    const answer = content && (await registry.tag(repository, tag, content));
    if (answer !== "tagged") {
      const words = answer ? `status ${answer.refused.status}: ${answer.refused.words}` : "it does not have the image";
      throw new VersionedImageError(
        "TagRefused",
        `${repository}@${digest} is published, but the registry refuses to move the tag ${tag} to it (${words}). Let the account ` +
          `move tags, or take it out of alsoTag; then run \`${command}\` again.`,
      );
    }
  }
}
