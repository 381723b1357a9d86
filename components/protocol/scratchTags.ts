import { randomBytes } from "node:crypto";
import { VersionedImageError } from "../errors";
import { digestOf, type ManifestContent } from "../registry";
import type { Ports, Publishing, Pushed } from "./ports";

type Registry = Pick<Ports, "registry">;

/**
 * The tag under which content may be pushed before it has its own: the caller's one tag, if it is not there or can be moved, or else one that nobody
 * has used. That it can be moved is tried: tags may have become immutable since, and then each push to come would be refused.
 */
export async function freeScratchTag(version: Publishing, ports: Registry): Promise<string> {
  const { tag, isThere } = await likelyScratchTag(version, ports);
  return isThere && !(await canBeMoved(tag, ports)) ? unusedScratchTag(version) : tag;
}

/**
 * The same without a try. The caller's one tag is used again only where the registry has shown that it lets tags be moved: by serving what the
 * last publication moved its scratch tag to.
 */
export async function likelyScratchTag(
  version: Publishing,
  { registry }: Registry,
): Promise<{ tag: string; isThere: boolean }> {
  const fixed = version.scratchTag();
  const there = await registry.look(fixed);
  if (there === undefined) {
    return { tag: fixed, isThere: false };
  }
  const { tag, movedTo } = version.last?.pushed ?? {};
  const last = tag === fixed || tag === undefined || movedTo === undefined ? there : await registry.look(tag);
  return movedTo !== undefined && last?.digest === movedTo
    ? { tag: fixed, isThere: true }
    : { tag: unusedScratchTag(version), isThere: false };
}

function unusedScratchTag(version: Publishing): string {
  return version.scratchTag(randomBytes(8).toString("hex"));
}

/** Moves a tag to the same image in other bytes, which is the one thing to move it to that is surely there. */
async function canBeMoved(tag: string, { registry }: Registry): Promise<boolean> {
  try {
    const there = await registry.read(tag);
    if (there === undefined) {
      return false;
    }
    const bytes = Buffer.concat([there.bytes, Buffer.from("\n")]);
    return (await registry.move(tag, { ...there, digest: digestOf(bytes), bytes })) === "tagged";
  } catch (error) {
    if (error instanceof VersionedImageError) {
      // Not every registry may take such bytes; nothing is lost but a tag.
      return false;
    }
    throw error;
  }
}

/** Moves scratch tags to what is published, so that they keep nothing of their own. A registry with immutable tags refuses that. */
export async function releaseScratchTags(
  version: Publishing,
  pushed: Pushed,
  served: ManifestContent,
  { registry, say }: Registry & Pick<Ports, "say">,
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
