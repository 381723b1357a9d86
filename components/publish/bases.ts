import * as pulumi from "@pulumi/pulumi";
import { invalidArgument, VersionedImageError } from "../errors";
import { checkBase, type Target } from "../protocol";
import { knownValue } from "../pulumi";
import { parseReference } from "../registry";
import { imageLabels, shownPaths, type Version } from "../version";
import { ownRegistry, whereItIs } from "./registries";
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
      throw invalidArgument(
        `build.bases.${name} is ${known}, but this image is also published to ${target.repository}. Give each image its own repository.`,
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
        const base = {
          name,
          option: `build.bases.${name}`,
          reference: whereItIs(reference),
          platforms: build.platforms ?? [],
          debug: args.debug ?? false,
        };
        await checkBase(base, version, target, ownRegistry);
      }
    }),
  );
}

/** Of a base that the same program is to publish, each preview knows what it is made of. */
function refuseOtherRevision(name: string, tree: string | undefined, version: Version): void {
  const { covers = [], tree: wanted } = version.bases[name] ?? {};
  if (tree !== undefined && tree !== wanted) {
    throw new VersionedImageError(
      "BaseMismatch",
      `build.bases.${name} was built from other files (tree ${tree}) than ${shownPaths(covers)} at commit ` +
        `${version.commit} (tree ${wanted}), which this image is built from. Give both the same revision, or neither. Nothing was built.`,
    );
  }
}
