import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { knownValue } from "../pulumi";
import { parseReference, type RegistryClient } from "../registry";
import { dirtyIn, imageLabels, labelIn, REVISION_LABEL, TREE_LABEL, type Version } from "../version";
import type { Subject, Target } from "./subject";

/** An image's labels, which name the images that it is built on: unknown while a preview can't know those. */
export function labelsOf({ version, fingerprint, build }: Subject): pulumi.Output<Record<string, string>> {
  return pulumi
    .output(build.bases)
    .apply((references): Record<string, string> => imageLabels(version, fingerprint, references));
}

/**
 * Throws BaseMismatch unless each image that this one is built on proves by its labels that it was made of what this version's commit has.
 * One whose reference a preview can't know yet is looked at in the update.
 */
export async function checkBases({ version, build, args }: Subject, target: Target): Promise<void> {
  await Promise.all(
    Object.entries(build.bases).map(async ([name, input]) => {
      const reference = await knownValue(input);
      if (reference !== undefined) {
        const base = { name, reference, platforms: build.platforms ?? [], debug: args.debug ?? false };
        await checkBase(base, version, target);
      }
    }),
  );
}

interface AskedBase {
  name: string;
  reference: string;
  /** None while a preview can't know them: the update looks. */
  platforms: string[];
  /** Whether the image that is built on it is a debug image. */
  debug: boolean;
}

async function checkBase(base: AskedBase, version: Version, { registry, repository }: Target): Promise<void> {
  const { name, reference, platforms } = base;
  const parsed = parseReference(reference);
  if (parsed.repository === repository) {
    throw new VersionedImageError(
      "InvalidArgument",
      `build.bases.${name} is ${reference}, and this image itself is published to ${repository}: give each a repository of its own.`,
    );
  }
  if (parsed.digest === undefined) {
    throw mismatch(
      base,
      "has no digest, so that it can become another image: give the output reference of the VersionedImage",
    );
  }
  for (const platform of platforms) {
    const labels = await labelsAt(registry, parsed.repository, parsed.digest, platform);
    const why = whyNot(labels, base, version);
    if (why !== undefined) {
      throw mismatch(base, why);
    }
  }
}

async function labelsAt(registry: RegistryClient, repository: string, digest: string, platform: string) {
  return (await registry.inspect(repository, digest, platform)).labels;
}

/** Why labels do not prove that an image is the base that a version's commit has; undefined if they do. */
function whyNot(labels: Record<string, string>, { name, debug }: AskedBase, version: Version): string | undefined {
  const wanted = version.bases[name]?.tree;
  const tree = labelIn(labels, TREE_LABEL);
  if (tree === undefined) {
    return `has no ${TREE_LABEL} label, so that nothing proves what it was made of: publish it as a VersionedImage`;
  }
  if (dirtyIn(labels) !== undefined && !debug) {
    return "is a debug image, which need not be made of what is committed: set debug: true for both, or for neither";
  }
  if (tree !== wanted) {
    const covers = (version.bases[name]?.covers ?? []).map((path) => path || ".").join(", ");
    return (
      `was made of other files (tree ${tree}, commit ${labelIn(labels, REVISION_LABEL) ?? "unknown"}) than ${covers} at commit ` +
      `${version.commit} (tree ${wanted}): publish the base of this commit first, by the same update or another one`
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
