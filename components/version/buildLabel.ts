import { createHash } from "node:crypto";
import type { Version } from "./version";

/** What, beside the files, decides the content of an image. */
export interface BuildDescription {
  platforms: string[];
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  target?: string;
  args: Record<string, string>;
  /** The named contexts: directories from the repository's root, images by their digests. */
  contexts: Record<string, string>;
  /** What each of the bases covers. Which content that has is said by the version. */
  bases?: Record<string, string[]>;
}

/**
 * One line that two builds of the same files share exactly if their images may be taken for each other: platforms, target,
 * Dockerfile, and hashes of the build arguments, the named contexts and the bases.
 */
export function buildLabel({ platforms, dockerfile, target, args, contexts, bases = {} }: BuildDescription): string {
  const parts = [`platform=${platforms.join(",")}`, `dockerfile=${dockerfile}`];
  if (target !== undefined) {
    parts.push(`target=${target}`);
  }
  for (const [name, values] of Object.entries({ args, contexts, bases })) {
    const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
    if (sorted.length > 0) {
      parts.push(`${name}=${createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16)}`);
    }
  }
  return parts.join(" ");
}

/** How a version is built, by options that are all known. */
export interface KnownBuild extends Pick<BuildDescription, "platforms" | "target" | "args"> {
  /** The named contexts that are images, with their digests. */
  images: Record<string, string>;
}

/** What an image says of how it was built. What builds it is no part of it, and of its bases only what they cover. */
export function fingerprintOf(
  { images, ...build }: KnownBuild,
  dockerfile: string,
  { contexts, bases }: Pick<Version, "contexts" | "bases">,
): string {
  const covers = Object.fromEntries(Object.entries(bases).map(([name, base]) => [name, base.covers]));
  return buildLabel({ ...build, dockerfile, contexts: { ...contexts, ...images }, bases: covers });
}

/** A part of such a line; undefined if it lacks it. */
export function buildPart(build: string | undefined, name: "platform" | "dockerfile" | "target"): string | undefined {
  // A file's name can hold spaces, so that a part goes on to the next one or to the end.
  return new RegExp(`(?:^| )${name}=(.*?)(?= [a-zA-Z]+=|$)`, "s").exec(build ?? "")?.[1];
}

/**
 * The time of everything in an image that BuildKit builds, in seconds since 1970: the first of 1980, before which archives of the ZIP format
 * can't name one, and which other builders of reproducible images have as well. The commit's time would not do: what a builder takes from its
 * cache may be older, and then has another time than what is built anew.
 */
const IMAGE_EPOCH = 315_532_801;

/** What `docker buildx build --output` is told so that a commit gives one digest. */
export const REPRODUCIBLE_EXPORT = ["rewrite-timestamp=true", `source-date-epoch=${IMAGE_EPOCH}`];

/** What the configuration of such an image says of when it was built. */
export const REPRODUCIBLE_TIME = new Date(IMAGE_EPOCH * 1000);

/** The commit's time as the build argument that a Dockerfile may ask for. */
export function sourceDateEpoch(committedAt: Date): { SOURCE_DATE_EPOCH: string } {
  return { SOURCE_DATE_EPOCH: String(Math.floor(committedAt.getTime() / 1000)) };
}
