import { VersionedImageError } from "../../components/errors";
import { type History, openHistory } from "../../components/git/lookup";
import { createRegistryClient, type Manifest, parseReference, type RegistryClient } from "../../components/registry";
import { INDEX_TYPES } from "../../components/registry/media";
import type { Commit } from "../../components/version";
import { type SourceFlags, sourceOf } from "../imageOptions";
import { commitJson } from "../json";
import type { Io } from "../output";
import { type Check, isVerified } from "./check";
import type { Wanted } from "./clusterChecks";
import { imageChecks } from "./imageChecks";
import { readOrigin } from "./origin";

/** What `verify` shows of an image. */
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

export interface VerifierFlags extends SourceFlags {
  /** The image's directory. Default: found by its content, in the repository of the working directory. */
  context?: string;
  /** Of images for several platforms, the one to look at. */
  platform: string;
}

/** Checks images against one git repository. */
export interface Verifier {
  /**
   * Checks what a reference names; `more` are checks of it against something else. Throws InvalidArgument, ImageNotFound,
   * and what the registry client and git throw.
   */
  verify(reference: string, more?: (image: Wanted) => Check[] | Promise<Check[]>): Promise<Verification>;
}

/** A verifier that keeps its connections and its place in git for all the images that it checks. */
export async function createVerifier(flags: VerifierFlags, io: Io): Promise<Verifier> {
  const client = createRegistryClient({ env: io.env });
  const history = await openHistory(flags.context ?? ".");
  return { verify: (reference, more = () => []) => verificationOf(reference, more, { client, history, flags }) };
}

interface Surroundings {
  client: RegistryClient;
  history: History;
  flags: VerifierFlags;
}

async function verificationOf(
  reference: string,
  more: (image: Wanted) => Check[] | Promise<Check[]>,
  { client, history, flags }: Surroundings,
): Promise<Verification> {
  const { repository, tag, digest: statedDigest } = readReference(reference);
  const [served, manifest] = await Promise.all([
    held(client, repository, tag ?? statedDigest ?? ""),
    held(client, repository, statedDigest ?? tag ?? ""),
  ]);
  const { digest, mediaType } = manifest;
  const { labels } = await client.inspect(repository, digest, flags.platform);
  const source = flags.context === undefined ? undefined : sourceOf(flags.context, flags);
  const origin = await readOrigin(history, labels, source);
  return {
    repository,
    tag,
    digest,
    labels,
    commit: origin.commit,
    checks: [
      ...imageChecks({ tag, statedDigest, servedDigest: served.digest, labels, origin }),
      ...(await more({ repository, tag, digest, isIndex: INDEX_TYPES.includes(mediaType) })),
    ],
  };
}

/** Reads a reference that names one image. Throws InvalidArgument. */
export function readReference(reference: string) {
  const parsed = parseReference(reference);
  if (parsed.tag === undefined && parsed.digest === undefined) {
    throw new VersionedImageError(
      "InvalidArgument",
      `${reference} names no image: say which one by its tag or digest, as in ${reference}:TAG.`,
    );
  }
  return parsed;
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

export function verificationJson({ repository, tag, digest, labels, commit, checks }: Verification) {
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
