import { debugTagRefused } from "./errors";
import { findPushed, pushedOf } from "./findPushed";
import { labelled } from "./labelled";
import type { Built, Ports, Publishing, Pushed } from "./ports";
import { releaseScratchTags } from "./scratchTags";

/** What a debug tag serves. */
export interface DebugPublication {
  digest: string;
  pushed: Pushed | undefined;
}

/**
 * Labels what was built from the disk, and sets the debug tag to it, whatever that served. What was published before as it is writes nothing.
 * Throws ContentLost, PushRefused or TagRefused.
 */
export async function publishDebugContent(
  version: Publishing,
  built: Built,
  ports: Omit<Ports, "build" | "record">,
): Promise<DebugPublication> {
  const { registry } = ports;
  const before = publishedAsIs(version, built);
  // Another may have set the tag to its own since: then ours has no tag, and must still be there.
  const there = await registry.look(version.tag);
  if (before && there && (there.digest === before.digest || (await registry.look(before.digest)))) {
    return before;
  }
  const content = await findPushed(version, built, ports);
  const image = built.isLabelled ? content : await labelled(version, content, ports);
  if (there?.digest !== image.digest) {
    const answer = await registry.move(version.tag, image);
    if (answer !== "tagged") {
      throw debugTagRefused(version, image.digest, answer.refused);
    }
  }
  await releaseScratchTags(version, built, image, ports);
  return { digest: image.digest, pushed: pushedOf(built) };
}

/** What the caller has published of what was built, if it remembers that; what has its labels is published as it is. */
export function publishedAsIs(
  { spec, last }: Pick<Publishing, "spec" | "last">,
  { digest, tag, isLabelled }: Built,
): DebugPublication | undefined {
  if (last === undefined || last.spec !== spec || digest === undefined) {
    return undefined;
  }
  const { pushed } = last;
  const isKnown = isLabelled ? last.digest === digest : pushed?.digest === digest && pushed.tag === tag;
  return isKnown ? { digest: last.digest, pushed } : undefined;
}
