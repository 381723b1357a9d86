import { VersionedImageError } from "../../components/errors";
import { openHistory } from "../../components/git/lookup";
import { createRegistryClient, type Manifest, parseReference, type RegistryClient } from "../../components/registry";
import { INDEX_TYPES } from "../../components/registry/media";
import type { Commit } from "../../components/version";
import { type SourceFlags, sourceOf } from "../imageOptions";
import { commitJson } from "../json";
import { type Io, printJson, type Status } from "../output";
import { type Check, isVerified } from "./check";
import { type ClusterFlags, readWorkloads } from "./cluster";
import { clusterChecks } from "./clusterChecks";
import { imageChecks } from "./imageChecks";
import { readOrigin } from "./origin";
import { verifyText } from "./text";

export interface VerifyFlags extends SourceFlags, ClusterFlags {
  context?: string;
  platform: string;
  json?: boolean;
}

/** What `verify` shows. */
export interface Verification {
  repository: string;
  tag: string | undefined;
  /** Of what the checks are about. */
  digest: string;
  labels: Record<string, string>;
  /** The commit that it says it was built from, if this clone has it. */
  commit: Commit | undefined;
  checks: Check[];
}

/** Checks an image against git, and a cluster against the image. The answer is no unless all that is needed is proven. */
export async function verify(reference: string, flags: VerifyFlags, io: Io): Promise<Status> {
  const verification = await verificationOf(reference, flags, io);
  if (flags.json) {
    printJson(io, verificationJson(verification));
  } else {
    io.out(verifyText(verification, io));
  }
  return isVerified(verification.checks) ? 0 : 1;
}

async function verificationOf(reference: string, flags: VerifyFlags, io: Io): Promise<Verification> {
  const { repository, tag, digest: statedDigest } = parseReference(reference);
  refuseUnclear(reference, tag ?? statedDigest, flags);
  const client = createRegistryClient({ env: io.env });
  const wantsCluster = flags.kubeconfig !== undefined || flags.namespace !== undefined;
  const history = await openHistory(flags.context ?? ".");
  const [served, manifest, workloads] = await Promise.all([
    held(client, repository, tag ?? statedDigest ?? ""),
    held(client, repository, statedDigest ?? tag ?? ""),
    wantsCluster ? readWorkloads(flags) : undefined,
  ]);
  const { digest, mediaType } = manifest;
  const { labels } = await client.inspect(repository, digest, flags.platform);
  const source = flags.context === undefined ? undefined : sourceOf(flags.context, flags);
  const origin = await readOrigin(history, labels, source);
  const isIndex = INDEX_TYPES.includes(mediaType);
  return {
    repository,
    tag,
    digest,
    labels,
    commit: origin.commit,
    checks: [
      ...imageChecks({ tag, statedDigest, servedDigest: served.digest, labels, origin }),
      ...(workloads ? clusterChecks({ repository, tag, digest, isIndex }, workloads) : []),
    ],
  };
}

function refuseUnclear(reference: string, named: string | undefined, { context, path, dockerfile }: VerifyFlags): void {
  if (named === undefined) {
    throw new VersionedImageError(
      "InvalidArgument",
      `${reference} names no image: say which one by its tag or digest, as in ${reference}:TAG.`,
    );
  }
  if (context === undefined && (path !== undefined || dockerfile !== undefined)) {
    throw new VersionedImageError(
      "InvalidArgument",
      "--path and --dockerfile are relative to the image's directory: name that with --context.",
    );
  }
}

async function held(client: RegistryClient, repository: string, named: string): Promise<Manifest> {
  const manifest = await client.resolve(repository, named);
  if (!manifest) {
    throw new VersionedImageError(
      "ImageNotFound",
      `The registry has no ${named} in ${repository}. See what it has with: versioned-image tags ${repository}`,
    );
  }
  return manifest;
}

function verificationJson({ repository, tag, digest, labels, commit, checks }: Verification) {
  return {
    verified: isVerified(checks),
    repository,
    tag: tag ?? null,
    digest,
    commit: commit ? commitJson(commit) : null,
    labels,
    checks,
  };
}
