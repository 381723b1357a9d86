import { VersionedImageError } from "../errors";
import type { Target } from "../protocol";
import { isTag } from "../registry";
import { digitsOfTag, isScratchTag } from "../version";
import type { Subject } from "./subject";

/** The tags that are to be moved to the image; none for an image that this stack may not write for. Throws InvalidArgument. */
export function movingTags({ args, version }: Pick<Subject, "args" | "version">): string[] {
  const tags = [...new Set(args.alsoTag ?? [])];
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    throw invalid(`${JSON.stringify(wrong)} is no tag: give letters, digits, _, . and -`);
  }
  const fixed = tags.find((tag) => isVersionTag(tag, args.tagPrefix ?? "") || isScratchTag(tag));
  if (fixed !== undefined) {
    throw invalid(`${fixed} looks like a version, whose tag is never moved: name it otherwise`);
  }
  return version.debug || args.publish === false ? [] : tags;
}

function isVersionTag(tag: string, prefix: string): boolean {
  const rest = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag;
  return [tag, rest].some((text) => digitsOfTag(text) !== undefined);
}

function invalid(why: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", `alsoTag: ${why}.`);
}

/** Moves tags to what a digest names. Throws TagRefused where the registry refuses that. */
export async function moveTags({ registry, repository }: Target, digest: string, tags: string[]): Promise<void> {
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
          "move tags, or take it out of alsoTag; then run `pulumi up` again.",
      );
    }
  }
}
