import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import type { Target } from "../protocol";
import { knownValue } from "../pulumi";
import { type ImageConfig, parseReference, type RegistryClient } from "../registry";
import { dirtyIn, imageLabels, labelIn, mayRunOn, plain, REVISION_LABEL, TREE_LABEL, type Version } from "../version";
import { ownRegistry } from "./ownRegistry";
import type { Subject } from "./subject";

/** An image's labels, which name the images that it is built on: unknown while a preview can't know those. */
export function labelsOf({ version, fingerprint, build }: Subject): pulumi.Output<Record<string, string>> {
  return pulumi
    .output(Object.fromEntries(Object.entries(build.bases).map(([name, { reference }]) => [name, reference])))
    .apply((references): Record<string, string> => imageLabels(version, fingerprint, references));
}

/** Throws InvalidArgument for a base that is published to the image's own repository; where a preview can tell, before either is built. */
export async function refuseOwnRepository({ build, target }: Pick<Subject, "build" | "target">): Promise<void> {
  for (const [name, { spec }] of Object.entries(build.bases)) {
    const known = await knownValue(spec);
    if (known !== undefined && target?.repository === parseReference(known).repository) {
      throw new VersionedImageError(
        "InvalidArgument",
        `build.bases.${name} is ${known}, and this image itself is published to ${target.repository}: give each a repository of its own.`,
      );
    }
  }
}

/**
 * Throws BaseMismatch unless each image that this one is built on proves by its labels that it was made of what this version's commit has.
 * Of one whose reference a preview can't know yet, only what it is made of is compared; the update looks at the rest.
 */
export async function checkBases({ version, build, args }: Subject, target: Target): Promise<void> {
  await Promise.all(
    Object.entries(build.bases).map(async ([name, input]) => {
      const reference = await knownValue(input.reference);
      if (reference === undefined) {
        refuseOtherRevision(name, await knownValue(input.tree), version);
      } else {
        const base = { name, reference, platforms: build.platforms ?? [], debug: args.debug ?? false };
        await checkBase(base, version, target);
      }
    }),
  );
}

/** Of a base that the same program is to publish, each preview knows what it is made of. */
function refuseOtherRevision(name: string, tree: string | undefined, version: Version): void {
  const wanted = version.bases[name]?.tree;
  if (tree !== undefined && tree !== wanted) {
    throw new VersionedImageError(
      "BaseMismatch",
      `build.bases.${name} is an image of other files (tree ${tree}) than ${shownCovers(version, name)} at commit ${version.commit} (tree ${wanted}), ` +
        "of which this image is to be built: give both the same revision, or neither. Nothing was built.",
    );
  }
}

function shownCovers(version: Version, name: string): string {
  return (version.bases[name]?.covers ?? []).map((path) => path || ".").join(", ");
}

interface AskedBase {
  name: string;
  reference: string;
  /** None while a preview can't know them: the update looks. */
  platforms: string[];
  /** Whether the image that is built on it is a debug image. */
  debug: boolean;
}

async function checkBase(base: AskedBase, version: Version, target: Target): Promise<void> {
  const { repository, host, digest } = parseReference(base.reference);
  if (digest === undefined) {
    throw mismatch(
      base,
      "has no digest, so that it can become another image: give the output reference of the VersionedImage",
    );
  }
  // What the program gives to log in to the image's registry is for no other.
  const registry = host === parseReference(target.repository).host ? target.registry : ownRegistry();
  if ((await registry.resolve(repository, digest)) === undefined) {
    throw mismatch(
      base,
      "the registry does not have: publish it again, or give the output reference of the VersionedImage",
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
    return `is not there for ${platform}: build it for that, too (build.platform, build.platforms)`;
  }
  const { labels } = image;
  const wanted = version.bases[name]?.tree;
  const tree = labelIn(labels, TREE_LABEL);
  if (tree === undefined) {
    return `has no ${TREE_LABEL} label, so that nothing proves what it was made of: publish it as a VersionedImage`;
  }
  if (dirtyIn(labels) !== undefined && !debug) {
    return "is a debug image, which need not be made of what is committed: set debug: true for both, or for neither";
  }
  if (tree !== wanted) {
    return (
      `was made of other files (tree ${plain(tree)}, commit ${plain(labelIn(labels, REVISION_LABEL) ?? "unknown")}) than ${shownCovers(version, name)} at commit ` +
      `${version.commit} (tree ${wanted}): publish the base of this commit first, by the same update or another one; where one has a revision, both need it`
    );
  }
  return undefined;
}

function mismatch({ name, reference }: AskedBase, why: string): VersionedImageError {
  return new VersionedImageError(
    "BaseMismatch",
    `build.bases.${name} is ${reference}, which ${why}. Nothing was built.`,
  );
}
