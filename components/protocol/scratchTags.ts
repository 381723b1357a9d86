import { randomBytes } from "node:crypto";
import { VersionedImageError } from "../errors";
import type { ManifestContent } from "../registry";
import type { Ports, Publishing, Pushed } from "./ports";

/**
 * The tag under which content may be pushed before it has its own. The caller's one tag is used again only where the registry has shown that it
 * lets tags be moved: by serving what the last publication moved its scratch tag to. Else, if it is there, a tag is used that nobody has used.
 */
export async function freeScratchTag(version: Publishing, { registry }: Pick<Ports, "registry">): Promise<string> {
  const fixed = version.scratchTag();
  const there = await registry.look(fixed);
  if (there === undefined) {
    return fixed;
  }
  const { tag, movedTo } = version.last?.pushed ?? {};
  const last = tag === fixed || tag === undefined || movedTo === undefined ? there : await registry.look(tag);
  return movedTo !== undefined && last?.digest === movedTo ? fixed : version.scratchTag(randomBytes(8).toString("hex"));
}

/** Moves scratch tags to what is published, so that they keep nothing of their own. A registry with immutable tags refuses that. */
export async function releaseScratchTags(
  version: Publishing,
  pushed: Pushed,
  served: ManifestContent,
  { registry, say }: Pick<Ports, "registry" | "say">,
): Promise<Pushed> {
  try {
    if ((await registry.move(pushed.tag, served)) !== "tagged") {
      return pushed;
    }
    const fixed = version.scratchTag();
    if (fixed !== pushed.tag) {
      await registry.move(fixed, served);
    }
    return { ...pushed, movedTo: served.digest };
  } catch (error) {
    if (!(error instanceof VersionedImageError)) {
      throw error;
    }
    // The version is published: nothing but an old tag stays.
    say.warn(`${version.spec} is published, but its scratch tag ${pushed.tag} was not moved to it: ${error.message}`);
    return pushed;
  }
}
