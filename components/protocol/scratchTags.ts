import { randomBytes } from "node:crypto";
import { VersionedImageError } from "../errors";
import { digestOf, type ManifestContent } from "../registry";
import type { Built, Ports, Publishing, Pushed, RegistryPort } from "./ports";

type Registry = Pick<Ports, "registry">;

/**
 * The tag under which content may be pushed before it has its own: the caller's one tag, if it is not there or can be moved, or else one that nobody
 * has used. That it can be moved is tried: tags may have become immutable since, and then each push to come would be refused.
 */
export async function freeScratchTag(version: Publishing, { registry }: Registry): Promise<string> {
  const fixed = version.scratchTag();
  const there = await registry.read(fixed);
  if (there === undefined) {
    return fixed;
  }
  const isFree = (await hasMoved(version, there, registry)) && (await canBeMoved(version, there, registry));
  return isFree ? fixed : version.scratchTag(randomBytes(8).toString("hex"));
}

/** Whether the registry has shown that it lets the caller's scratch tags be moved: by serving what the last publication moved its own to. */
async function hasMoved(version: Publishing, there: ManifestContent, registry: RegistryPort): Promise<boolean> {
  const { tag, movedTo } = version.last?.pushed ?? {};
  if (tag === undefined || movedTo === undefined) {
    return false;
  }
  const last = tag === version.scratchTag() ? there : await registry.look(tag);
  return last?.digest === movedTo;
}

/** Moves the one tag to something else than it serves: what was pushed last or, where that is gone, the same image in other bytes. */
async function canBeMoved(version: Publishing, there: ManifestContent, registry: RegistryPort): Promise<boolean> {
  const { digest } = version.last?.pushed ?? {};
  try {
    const pushed = digest === undefined || digest === there.digest ? undefined : await registry.read(digest);
    return (await registry.move(version.scratchTag(), pushed ?? inOtherBytes(there))) === "tagged";
  } catch (error) {
    if (error instanceof VersionedImageError) {
      // Not every registry may take such bytes; nothing is lost but a tag.
      return false;
    }
    throw error;
  }
}

/** Whether the registry refuses to move tags, which is tried with the caller's one scratch tag and an image that is there. */
export async function refusesToMoveTags(
  version: Publishing,
  there: ManifestContent,
  { registry }: Registry,
): Promise<boolean> {
  for (const content of [there, inOtherBytes(there)]) {
    if ((await registry.move(version.scratchTag(), content)) !== "tagged") {
      return true;
    }
  }
  return false;
}

function inOtherBytes(content: ManifestContent): ManifestContent {
  const bytes = Buffer.concat([content.bytes, Buffer.from("\n")]);
  return { ...content, digest: digestOf(bytes), bytes };
}

/**
 * Moves scratch tags to what is published, so that they keep nothing of their own, and returns what is to be remembered of them. A registry with
 * immutable tags refuses that. `served`: a digest, or the image itself where that is known.
 */
export async function releaseScratchTags(
  version: Publishing,
  { tag, digest }: Pick<Built, "tag" | "digest">,
  served: string | ManifestContent,
  { registry, say }: Registry & Pick<Ports, "say">,
): Promise<Pushed | undefined> {
  if (tag === undefined) {
    return undefined;
  }
  const pushed = { tag, digest };
  try {
    const content = typeof served === "string" ? await registry.read(served) : served;
    if (content === undefined || (await registry.move(tag, content)) !== "tagged") {
      return pushed;
    }
    const fixed = version.scratchTag();
    if (fixed !== tag) {
      await registry.move(fixed, content);
    }
    return { ...pushed, movedTo: content.digest };
  } catch (error) {
    if (!(error instanceof VersionedImageError)) {
      throw error;
    }
    // The version is published: nothing but an old tag stays.
    say.warn(`${version.spec} is published, but its scratch tag ${tag} was not moved to it: ${error.message}`);
    return pushed;
  }
}
