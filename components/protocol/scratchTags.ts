import { randomBytes } from "node:crypto";
import { VersionedImageError } from "../errors";
import { digestOf, type ManifestContent } from "../registry";
import type { Built, Ports, Publishing, RegistryPort } from "./ports";

type Registry = Pick<Ports, "registry">;

/**
 * The tag under which content may be pushed before it has its own: the caller's one tag, if it is not there or can be moved, or else one that nobody
 * has used. That it can be moved is tried, by moving it: a registry's tags may be immutable, or have become so since the last time.
 */
export async function freeScratchTag(version: Publishing, { registry }: Registry): Promise<string> {
  const fixed = version.scratchTag();
  const there = await registry.read(fixed);
  if (there === undefined || (await canBeMoved(version, there, registry))) {
    return fixed;
  }
  return version.scratchTag(randomBytes(8).toString("hex"));
}

/** Moves the one tag to something else than it serves: what was pushed last or, where that is not to be had, the same image in other bytes. */
async function canBeMoved({ scratchTag, last }: Publishing, there: ManifestContent, registry: RegistryPort) {
  const { digest } = last?.pushed ?? {};
  try {
    const pushed = digest === undefined || digest === there.digest ? undefined : await registry.read(digest);
    return (await registry.move(scratchTag(), pushed ?? inOtherBytes(there))) === "tagged";
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
 * Moves scratch tags to what is published, so that they keep nothing of their own. A registry with immutable tags refuses that. `served`: a digest, or
 * the image itself where that is known.
 */
export async function releaseScratchTags(
  version: Publishing,
  { tag }: Pick<Built, "tag">,
  served: string | ManifestContent,
  { registry, say }: Registry & Pick<Ports, "say">,
): Promise<void> {
  if (tag === undefined) {
    return;
  }
  try {
    const content = typeof served === "string" ? await registry.read(served) : served;
    if (content === undefined) {
      return;
    }
    for (const each of new Set([tag, version.scratchTag()])) {
      if ((await registry.move(each, content)) !== "tagged") {
        return;
      }
    }
  } catch (error) {
    if (!(error instanceof VersionedImageError)) {
      throw error;
    }
    // The version is published: nothing but an old tag stays.
    say.warn(`${version.spec} is published, but its scratch tag ${tag} was not moved to it: ${error.message}`);
  }
}
