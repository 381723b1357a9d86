import * as path from "node:path";
import { invalidArgument, VersionedImageError } from "../../components/errors";
import { BUILD_LABEL, buildPart, labelIn, SOURCE_LABEL, TREE_LABEL } from "../../components/version";
import { type Io, printJson, type Status } from "../output";
import { faultsIn, isConsistent, isVerified, wholePaths } from "../verify/check";
import {
  createVerifier,
  readReference,
  refuseLoosePaths,
  type Verification,
  type VerifierFlags,
} from "../verify/verification";
import { imagesOfBuildKit } from "./buildkitImages";
import { type Claim, predicateOf } from "./predicate";

export interface ProvenanceFlags extends VerifierFlags {
  /** Of images for several platforms, the one to tell of. */
  platform: string;
  /** A URI that names who built the image. */
  builderId: string;
  /** Whether who asks is its publisher: the image is what its own stack has built. */
  published?: boolean;
}

/**
 * Prints SLSA's provenance of an image, for a tool that signs it. It says what was checked and how: an image that
 * is not consistent with git has none. Throws NotVerified, and what `verify` throws.
 */
export async function provenance(reference: string, flags: ProvenanceFlags, version: string, io: Io): Promise<Status> {
  readReference(reference);
  refuseLoosePaths(flags);
  const verifier = await createVerifier(flags, io);
  const verification = await verifier.verify(reference);
  if (!isConsistent(verification.checks)) {
    throw notVerified(reference, verification);
  }
  const claim = await claimOf(verification);
  const { repository, digest } = verification;
  // What a Dockerfile names is not what was taken: a tag moves, and build arguments and named contexts put others in its place.
  const baseImages = await imagesOfBuildKit(verifier.client, repository, digest, flags.platform);
  const ground = isVerified(verification.checks) ? "rebuild" : flags.published ? "publisher" : "labels";
  printJson(io, predicateOf(claim, { ground, builderId: flags.builderId, version, baseImages }));
  return 0;
}

function notVerified(reference: string, { checks }: Verification): VersionedImageError {
  const list = faultsIn(checks)
    .map(({ name, message }) => `  ${name}: ${message}`)
    .join("\n");
  return new VersionedImageError(
    "NotVerified",
    `${reference} is not consistent with git, so it gets no provenance:\n${list}\nSee all checks with: ` +
      `versioned-image verify ${reference}`,
  );
}

async function claimOf(verification: Verification): Promise<Claim> {
  const { labels, commit, origin } = verification;
  const { candidates, located, labelled } = origin;
  const build = labelIn(labels, BUILD_LABEL);
  const rest = {
    source: labelIn(labels, SOURCE_LABEL),
    commit: commit?.hash ?? "",
    tree: labelIn(labels, TREE_LABEL) ?? "",
    build,
  };
  const named = located ?? (typeof labelled === "object" ? labelled : undefined);
  if (named) {
    return { ...rest, context: named.context, paths: named.paths, dockerfile: named.dockerfile };
  }
  // Who touched it is asked only until one is found.
  const possible = candidates.filter(({ touched }) => touched === undefined || touched === commit?.hash);
  const [only, ...others] = possible.length > 0 ? possible : candidates;
  const [context] = only?.paths ?? [];
  if (only === undefined || context === undefined || others.length > 0) {
    throw invalidArgument(
      `The image could be from ${candidates.map(({ paths }) => wholePaths(paths)).join(" or ")}, which have the ` +
        "same files. Name its directory with --context.",
    );
  }
  const dockerfile = buildPart(build, "dockerfile");
  return {
    ...rest,
    context,
    paths: only.paths,
    dockerfile: dockerfile === undefined ? undefined : path.posix.join(context, dockerfile),
  };
}
