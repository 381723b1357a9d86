import { VersionedImageError } from "../errors";
import { type ImageConfig, parseReference, type RegistryClient } from "../registry";
import { dirtyIn, labelIn, mayRunOn, plain, REVISION_LABEL, shownPaths, TREE_LABEL, type Version } from "../version";
import type { Target } from "./target";

/** An image on which another one is to be built. */
export interface AskedBase {
  name: string;
  /** How the user has named it, for messages: build.bases.BASE. */
  option: string;
  /** repository:tag@digest */
  reference: string;
  /** None while they can't be known. */
  platforms: string[];
  /** Whether the image that is built on it is a debug image. */
  debug: boolean;
}

/**
 * Throws BaseMismatch unless a base proves by its labels that it was made of what a version's commit has. `own`: gives the client for a
 * registry that is not the target's.
 */
export async function checkBase(
  base: AskedBase,
  version: Version,
  target: Target,
  own: () => RegistryClient,
): Promise<void> {
  const { repository, host, digest } = parseReference(base.reference);
  if (digest === undefined) {
    throw mismatch(
      base,
      "has no digest, so it can become another image: pass the `reference` output of the VersionedImage",
    );
  }
  // What the program gives to log in to the image's registry is for no other.
  const registry = host === parseReference(target.repository).host ? target.registry : own();
  if ((await registry.resolve(repository, digest)) === undefined) {
    throw mismatch(
      base,
      "the registry does not have: publish it again, or pass the `reference` output of the VersionedImage",
    );
  }
  for (const platform of base.platforms) {
    const why = whyNot(await inspect(registry, repository, digest, platform), base, platform, version);
    if (why !== undefined) {
      throw mismatch(base, why);
    }
  }
}

/** What the registry has of a base for a platform; undefined if it lacks that one. */
async function inspect(
  registry: RegistryClient,
  repository: string,
  digest: string,
  platform: string,
): Promise<ImageConfig | undefined> {
  try {
    return await registry.inspect(repository, digest, platform);
  } catch (error) {
    if (error instanceof VersionedImageError && error.code === "PlatformNotFound") {
      return undefined;
    }
    throw error;
  }
}

/** Why an image is not the base that a version's commit has, or nothing proves it; undefined if its labels do. */
function whyNot(
  image: ImageConfig | undefined,
  { name, debug }: AskedBase,
  platform: string,
  version: Version,
): string | undefined {
  if (image === undefined || !mayRunOn(image.platform, platform)) {
    return `has no image for ${platform}: build it for that platform, too (build.platform, build.platforms)`;
  }
  const { labels } = image;
  const wanted = version.bases[name]?.tree;
  const tree = labelIn(labels, TREE_LABEL);
  if (tree === undefined) {
    return `has no ${TREE_LABEL} label, so nothing proves what it was built from: publish it as a VersionedImage`;
  }
  if (dirtyIn(labels) !== undefined && !debug) {
    return "is a debug image, which may contain uncommitted files: set debug (--debug) for both, or for neither";
  }
  if (tree !== wanted) {
    const covers = shownPaths(version.bases[name]?.covers ?? []);
    return (
      `was built from other files (tree ${plain(tree)}, commit ${plain(labelIn(labels, REVISION_LABEL) ?? "unknown")}) than ${covers} at commit ` +
      `${version.commit} (tree ${wanted}): publish the base at this commit first; if one of them has a revision, set it for both`
    );
  }
  return undefined;
}

function mismatch({ option, reference }: AskedBase, why: string): VersionedImageError {
  return new VersionedImageError("BaseMismatch", `${option} is ${reference}, which ${why}. Nothing was built.`);
}
