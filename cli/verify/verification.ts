import { invalidArgument, VersionedImageError } from "../../components/errors";
import type { ImageSource } from "../../components/git";
import { type History, openHistory } from "../../components/git/lookup";
import {
  createRegistryClient,
  type ImageConfig,
  INDEX_TYPES,
  type Manifest,
  parseReference,
  parseRepository,
  type RegistryClient,
} from "../../components/registry";
import { type Commit, dirtyIn } from "../../components/version";
import { sourceOf } from "../imageOptions";
import { commitJson, type Io } from "../output";
import { readBases } from "./bases";
import { type Check, isConsistent, isVerified } from "./check";
import type { Wanted } from "./clusterChecks";
import { askCosign } from "./cosign";
import { imageChecks, platformChecks } from "./imageChecks";
import { type Origin, readOrigin } from "./origin";
import { partsOf } from "./parts";
import type { RebuildFlags } from "./rebuild";
import { readAttested } from "./signatureChecks";
import { type SignerFlags, signerOf } from "./signer";

/** What `verify` shows of an image. */
export interface Verification {
  repository: string;
  tag: string | undefined;
  /** Of what the checks are about. */
  digest: string;
  labels: Record<string, string>;
  /** The commit that it says it was built from, if this clone has it. */
  commit: Commit | undefined;
  /** What git knows of where it says that it is from. */
  origin: Origin;
  checks: Check[];
}

export interface VerifierFlags extends RebuildFlags, SignerFlags {
  /** The image's directory. Default: found by its content, in the repository of the working directory. */
  context?: string;
  /** Of images for several platforms, the one to look at. Default: all. */
  platform?: string;
  /** Repositories in which the images that it is built on may be looked for, beside those of its own registry. */
  baseRepository?: string[];
}

type MoreChecks = (image: Wanted) => Check[] | Promise<Check[]>;

/** Checks images against one git repository. */
export interface Verifier {
  client: RegistryClient;
  history: History;
  /**
   * Checks what a reference names; `more` are checks of it against something else, `made` is what it must be made of (default: as the options
   * say, or its labels). Throws InvalidArgument, ImageNotFound,
   * CosignNotFound, CosignFailed, and what the registry client and git throw.
   */
  verify(reference: string, more?: MoreChecks, made?: ImageSource): Promise<Verification>;
}

/**
 * A verifier that keeps its connections and its place in git for all the images that it checks; `directory` is in that repository, the
 * working directory by default. Throws InvalidArgument.
 */
export async function createVerifier(flags: VerifierFlags, { env }: Io, directory = "."): Promise<Verifier> {
  const signer = signerOf(flags);
  const client = createRegistryClient({ env });
  const repositories = (flags.baseRepository ?? []).map((name) => parseRepository(name).repository);
  const history = await openHistory(flags.context ?? directory);
  const source = flags.context === undefined ? undefined : await sourceOf(flags.context, flags);

  async function verify(reference: string, more?: MoreChecks, made: ImageSource | undefined = source) {
    const { repository, host, tag, digest: statedDigest } = readReference(reference);
    const [served, manifest] = await Promise.all([
      held(client, repository, tag ?? statedDigest ?? ""),
      held(client, repository, statedDigest ?? tag ?? ""),
    ]);
    const { digest, mediaType } = manifest;
    const isIndex = INDEX_TYPES.includes(mediaType);
    const [parts, images, signed] = await Promise.all([
      isIndex || more ? partsOf(client, repository, digest) : undefined,
      flags.platform === undefined
        ? client.inspectAll(repository, digest)
        : client.inspect(repository, digest, flags.platform).then((found) => [found]),
      signer && askCosign(signer, { repository, digest, env }),
    ]);
    const [image, ...others] = images as [ImageConfig, ...ImageConfig[]];
    const { labels } = image;
    const [origin, attested] = await Promise.all([
      readOrigin(history, labels, made),
      signed && readAttested(history, signed),
    ]);
    const { labelled } = origin;
    const named = origin.commit && typeof labelled === "object" ? labelled.bases : {};
    const bases = await readBases(named, { client, host, images, repositories });
    const based = { bases, images, trees: origin.baseTrees, required: repositories.length > 0 };
    const rebuilt =
      flags.rebuild && dirtyIn(labels) === undefined
        ? await rebuilding().rebuild(history, { repository, digest, labels, origin, based }, flags, env)
        : undefined;
    return {
      repository,
      tag,
      digest,
      labels,
      commit: origin.commit,
      origin,
      checks: [
        ...imageChecks({ tag, statedDigest, servedDigest: served.digest, labels, origin, based, attested, rebuilt }),
        ...platformChecks(image, others, parts?.unread ?? []),
        ...((await more?.({ repository, tag, digest, parts: parts?.digests ?? new Set() })) ?? []),
      ],
    };
  }

  return { client, history, verify };
}

/** Few need it, and it brings what unpacks layers. */
function rebuilding(): typeof import("./rebuild") {
  return require("./rebuild");
}

/** Throws InvalidArgument for paths that are relative to nothing. */
export function refuseLoosePaths({ context, path, dockerfile, base }: VerifierFlags): void {
  if (context === undefined && [path, dockerfile, base].some((said) => said !== undefined)) {
    throw invalidArgument("--path, --dockerfile and --base need --context, the image's directory.");
  }
}

/** Reads a reference that names one image. Throws InvalidArgument. */
export function readReference(reference: string) {
  const parsed = parseReference(reference);
  if (parsed.tag === undefined && parsed.digest === undefined) {
    throw invalidArgument(`${reference} has neither tag nor digest. Add one, as in ${reference}:TAG.`);
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
    consistent: isConsistent(checks),
    verified: isVerified(checks),
    repository,
    tag: tag ?? null,
    digest,
    commit: commit ? commitJson(commit) : null,
    labels,
    checks,
  };
}
