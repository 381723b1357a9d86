import { contentLost } from "./errors";
import { furtherTags, unfit } from "./furtherTags";
import type { Ports } from "./ports";
import { tagOnce } from "./tagOnce";

/**
 * Further tags of a version that are written once, such as v1.4.0, each once. Throws InvalidArgument for one that looks like a version, or that
 * is to be moved, too.
 */
export function releaseTagsOf(asked: string[], { alsoTag = [], tagPrefix = "" }: NotReleases): string[] {
  const tags = furtherTags("releaseTags", asked, tagPrefix);
  const moved = tags.find((tag) => alsoTag.includes(tag));
  if (moved !== undefined) {
    throw unfit("releaseTags", `${moved} is also in alsoTag, but a release tag never moves: leave out one of them`);
  }
  return tags;
}

interface NotReleases {
  alsoTag?: string[];
  tagPrefix?: string;
}

/** The tags of a version that are written once beside its own. */
export interface Releasing {
  repository: string;
  /** repository:tag of the version. */
  spec: string;
  tags: string[];
  /** What is run to publish it, for messages. */
  command: string;
  /** Throws what says that a tag serves another image than the version's, whose digest is undefined if it is not published. */
  refuse(tag: string, served: string, digest: string | undefined): Promise<never>;
}

/** Throws what refuses a tag that serves something else than the version's digest. Returns those that are absent. */
export async function checkReleaseTags(
  { tags, refuse }: Releasing,
  digest: string | undefined,
  { registry }: Pick<Ports, "registry">,
): Promise<string[]> {
  const absent: string[] = [];
  for (const tag of tags) {
    const served = await registry.look(tag);
    if (served === undefined) {
      absent.push(tag);
    } else if (served.digest !== digest) {
      await refuse(tag, served.digest, digest);
    }
  }
  return absent;
}

/**
 * Sets the tags to a version's digest as its own tag is set: where they are absent, and reads them back. None is set if one is found to serve
 * something else. Returns those that were absent. Throws ContentLost, TagRefused and what refuses a tag.
 */
export async function setReleaseTags(
  releasing: Releasing,
  digest: string,
  ports: Omit<Ports, "build" | "record">,
): Promise<string[]> {
  const { repository, spec, tags, command, refuse } = releasing;
  if (tags.length === 0) {
    return [];
  }
  const absent = await checkReleaseTags(releasing, digest, ports);
  const content = await ports.registry.read(digest);
  for (const tag of tags) {
    const tagging = {
      spec: `${repository}:${tag}`,
      repository,
      tag,
      command,
      again: command,
      prove: (served: string) => refuse(tag, served, digest),
    };
    if (!content) {
      throw contentLost({ ...tagging, spec }, digest, "was published, but the registry no longer has it");
    }
    ports.say.progress(absent.includes(tag) ? `setting the tag ${tag}` : `checking the tag ${tag}`);
    // One that is there may be overwritten yet by somebody who looked before it was: it is read again, too.
    await tagOnce(tagging, content, ports);
  }
  return absent;
}
