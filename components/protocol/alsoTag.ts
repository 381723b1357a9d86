import { VersionedImageError } from "../errors";
import { furtherTags, unfit } from "./furtherTags";
import type { Target } from "./target";

/**
 * Further tags that may be moved to a version's image, each once. Throws InvalidArgument for one that looks like a version, or like a release,
 * whose tag nobody expects to move.
 */
export function movingTags(asked: string[] = [], tagPrefix = ""): string[] {
  const tags = furtherTags("alsoTag", asked, tagPrefix);
  const release = tags.find((tag) => RELEASE.test(tag));
  if (release !== undefined) {
    throw unfit(
      "alsoTag",
      `${release} looks like a release tag, which never moves: set it in releaseTags (--release-tag)`,
    );
  }
  return tags;
}

/** Three numbers or more, as v1.2.3, 1.2.3 or v1.2.3-rc.1; that v1 and v1.2 move is a custom. */
const RELEASE = /^v?\d+(?:\.\d+){2,}(?:[-_].*)?$/i;

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
        `${repository}@${digest} is published, but the registry refuses to move the tag ${tag} to it (${words}). Allow the account ` +
          `to move tags, or remove it from alsoTag, then run \`${command}\` again.`,
      );
    }
  }
}
