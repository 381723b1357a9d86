import { notPublished } from "./errors";
import { findPushed, pushedOf } from "./findPushed";
import { labelled } from "./labelled";
import type { Found, Ports, Publication, Publishing } from "./ports";
import { freeScratchTag, releaseScratchTags } from "./scratchTags";
import { MOMENT, tagOnce } from "./tagOnce";

/**
 * Publishes a version once: content first, labels in the registry, the tag last. Returns what the tag serves, whoever set it; what it is to
 * serve, where that is to be copied; undefined if the caller leaves the image out. Wherever it is killed, the next call goes on from there.
 * docs/publishing.md has its steps.
 *
 * Throws NotPublished, ContentLost, PushRefused, TagRefused, what proves that a tag serves another version, and what the ports throw.
 */
export async function publishVersion(version: Publishing, ports: Ports): Promise<Publication | undefined> {
  const found = await findPublished(version, () => lookUntilSettled(version, ports));
  if (found) {
    return recorded(found, ports);
  }
  const built = await ports.build(() => freeScratchTag(version, ports));
  if (built === undefined) {
    return undefined;
  }
  ports.say.progress(`pushed, setting the tag ${version.tag}`);
  const content = await findPushed(version, built, ports);
  const image = built.isLabelled ? content : await labelled(version, content, ports);
  const { digest, byAnother } = await tagOnce(version, image, ports);
  await releaseScratchTags(version, built, byAnother ? digest : image, ports);
  return recorded({ kind: "published", digest, labelled: image.digest, pushed: pushedOf(built), byAnother }, ports);
}

/**
 * Where a version is published already: its own registry comes first, which `look` asks for the digest, then the one that it may be copied from.
 * Undefined if it is to be built. Throws NotPublished if it may not be, and what the registries say.
 */
export async function findPublished(
  version: Pick<Publishing, "spec" | "tag" | "copyFrom" | "mayBuild">,
  look: () => Promise<string | undefined>,
): Promise<Found | undefined> {
  const held = await look();
  if (held !== undefined) {
    return { kind: "adopted", digest: held };
  }
  const { copyFrom, tag } = version;
  const there = await copyFrom?.registry.resolve(copyFrom.repository, tag);
  if (copyFrom && there) {
    return { kind: "elsewhere", from: copyFrom, digest: there.digest };
  }
  if (!version.mayBuild) {
    throw notPublished(version);
  }
  return undefined;
}

/**
 * What the version's tag serves. What is new to the caller may have been set a moment ago, and be overwritten yet by one who looked before:
 * it is read again.
 */
async function lookUntilSettled(
  { spec, tag, last }: Publishing,
  { registry, clock }: Ports,
): Promise<string | undefined> {
  const held = await registry.look(tag);
  if (held === undefined || (last?.spec === spec && last.digest === held.digest)) {
    return held?.digest;
  }
  await clock.sleep(MOMENT);
  return (await registry.look(tag))?.digest;
}

async function recorded(publication: Publication, { record }: Ports): Promise<Publication> {
  await record(publication);
  return publication;
}
