import { VersionedImageError } from "../errors";
import type { ImageConfig } from "../registry";
import { builtOtherwise, checkPublished, differingLabels, type Expectation } from "../version";
import type { Tagging } from "./ports";
import type { Target } from "./target";

/** What an image must agree with that may be used as a version. */
export interface Expected extends Pick<Expectation, "version" | "tagPolicy" | "fingerprint" | "args"> {
  /** What it is to run on; undefined while that can't be known. */
  platforms: string[] | undefined;
}

/** What is to be said of a content that may be used as a version, in words; undefined where there is nothing to say. */
export interface Doubts {
  /** Nothing proves what it was made of. */
  untraced: string | undefined;
  /** It was built in another way than the program says, and is the version of an earlier revision. */
  builtOtherwise: string | undefined;
}

/**
 * Whether what a digest names may be used as a version, on each of its platforms. Throws TagTaken if it was made of something else,
 * BuildInputsChanged if it was built in another way.
 */
export async function checkContent(asked: Expected, target: Target, digest: string): Promise<Doubts> {
  const doubts: Doubts = { untraced: undefined, builtOtherwise: undefined };
  // A preview that does not know for which platforms it is looks at those that there are.
  const platforms = asked.platforms ?? (await platformsOf(target, digest));
  for (const platform of platforms) {
    const expected = { ...asked, spec: target.spec, platform };
    const { labels, platform: found } = await imageFor(expected, target, digest, platforms);
    doubts.untraced ??= checkPublished({ digest, labels, platform: found }, expected);
    doubts.builtOtherwise ??= builtOtherwise(labels, expected);
  }
  return doubts;
}

async function platformsOf({ registry, repository }: Target, digest: string): Promise<string[]> {
  const images = await registry.inspectAll(repository, digest);
  return images.map(({ platform }) => platform);
}

async function imageFor(
  expected: Expectation,
  { registry, repository, spec }: Target,
  digest: string,
  platforms: string[],
): Promise<ImageConfig> {
  const { platform } = expected;
  try {
    return await registry.inspect(repository, digest, platform);
  } catch (error) {
    if (platforms.length > 1 && error instanceof VersionedImageError && error.code === "PlatformNotFound") {
      const [other] = await registry.inspectAll(repository, digest);
      throw new VersionedImageError(
        "BuildInputsChanged",
        `${spec} is published already, but without an image for ${platform}; this build is for ${platforms.join(" and ")}.` +
          `${differingLabels(other?.labels ?? {}, expected)}A production tag is never overwritten. Commit a change in the image's ` +
          "directory together with it, or publish to another repository.",
        { cause: error },
      );
    }
    throw error;
  }
}

/** What proves that a tag serves a version, whoever set it. Throws DigestMismatch and TagTaken, and what `checkContent` throws. */
export function proveServed(asked: Expected, target: Target, command: string): Tagging["prove"] {
  return async (served, ours) => {
    if ((await checkContent(asked, target, served)).untraced !== undefined) {
      throw ours === undefined ? overtaken(target, served, command) : overwritten(target, ours, served);
    }
  };
}

function overtaken({ spec }: Target, found: string, command: string): VersionedImageError {
  return new VersionedImageError(
    "TagTaken",
    `${spec} was set to ${found} while this version was built, and nothing proves that it is the same version. It is never ` +
      `overwritten. Run \`${command}\` again to use that image, or delete the tag first to publish this version.`,
  );
}

/** What a tag serves was published as something else, and its labels do not prove that it is the same version. */
export function overwritten(
  target: Target,
  expected: string,
  found: string,
  options?: ErrorOptions,
): VersionedImageError {
  const { spec } = target;
  return new VersionedImageError(
    "DigestMismatch",
    `${spec} was published as ${expected}, but the registry now has ${found}, and nothing proves that it is the same ` +
      `version: the tag was overwritten. Restore the published content with \`${putBack(target, expected)}\`, and make tags ` +
      "immutable in the registry, if it supports that.",
    options,
  );
}

/** What gives a version's tag a content of its repository. Without the flag buildx makes an index of an image, which has another digest. */
export function putBack({ repository, spec }: Target, digest: string): string {
  return `docker buildx imagetools create --prefer-index=false --tag ${spec} ${repository}@${digest}`;
}
