import { readFile } from "node:fs/promises";
import { invalidArgument, VersionedImageError } from "../../components/errors";
import type { BakeFlags } from "../bake";
import type { TagFlags } from "../imageOptions";
import { type Io, printResult, type Status } from "../output";
import { bakedSubjects } from "./baked";
import { createHoldings } from "./belonging";
import { isConsistent } from "./check";
import { type ClusterFlags, clusterChecks, oddCheck, readWorkloads, workloadChecks } from "./clusterChecks";
import { isFine, manyJson, manyText, type Outcome, type Subject, verifyMany } from "./many";
import { imagesOfNamespace } from "./namespaceImages";
import { verifyText } from "./text";
import { createVerifier, readReference, refuseLoosePaths, type VerifierFlags, verificationJson } from "./verification";

export interface VerifyFlags extends VerifierFlags, ClusterFlags, BakeFlags, TagFlags {
  /** A file with references, a line each; "-" is standard input. */
  file?: string;
  /** Whether to verify all that a namespace runs. */
  all?: boolean;
  /** Of that, the images of these repositories and of those below them; with a bake file, the one of all its targets, with {name}. */
  repository?: string[];
  /** Whether all checks are shown of several images, too. */
  verbose?: boolean;
  json?: boolean;
}

/**
 * Checks images against git, and a cluster against the images. The answer is no unless all that is needed is proven of each
 * of them. One image is shown with its checks, of several a line each.
 */
export async function verify(references: string[], flags: VerifyFlags, io: Io): Promise<Status> {
  const { bake, file, all } = flags;
  const [only] = references;
  if (references.length === 1 && only !== undefined && bake === undefined && file === undefined && !all) {
    return verifyOne(only, flags, io);
  }
  const outcomes =
    bake !== undefined
      ? await verifyBaked(bake, references, flags, io)
      : all
        ? await verifyNamespace(references, flags, io)
        : await verifyReferences([...references, ...(await readList(file, io))], flags, io);
  printResult(io, flags.json, outcomes, manyJson, (shown) => manyText(shown, flags.verbose === true, io));
  return outcomes.every(({ answer }) => isFine(answer)) ? 0 : 1;
}

async function verifyOne(reference: string, flags: VerifyFlags, io: Io): Promise<Status> {
  readReference(reference);
  refuseStray(flags);
  const verifier = await createVerifier(flags, io);
  const workloads = wantsCluster(flags) ? readWorkloads(flags) : undefined;
  // Whichever fails first is thrown.
  const [verification] = await Promise.all([
    verifier.verify(reference, async (image) => (workloads ? clusterChecks(image, await workloads) : [])),
    workloads,
  ]);
  printResult(io, flags.json, verification, verificationJson, (shown) => verifyText(shown, io));
  return isConsistent(verification.checks) ? 0 : 1;
}

async function verifyReferences(references: string[], flags: VerifyFlags, io: Io): Promise<Outcome[]> {
  refuseStray(flags);
  refuseRebuild(flags);
  if (references.length === 0) {
    throw invalidArgument(
      `${flags.file === "-" ? "Standard input" : flags.file} has no references. Write one on each line.`,
    );
  }
  if (flags.context !== undefined) {
    throw invalidArgument("--context is for a single image, but there are several. Omit it, or verify one image.");
  }
  return verifySubjects(
    [...new Set(references)].map((reference) => ({ reference })),
    flags,
    io,
  );
}

async function verifySubjects(subjects: Omit<Subject, "more">[], flags: VerifyFlags, io: Io): Promise<Outcome[]> {
  const workloads = wantsCluster(flags) ? await readWorkloads(flags) : undefined;
  return verifyMany(
    subjects.map((subject) => ({ ...subject, more: (image) => (workloads ? clusterChecks(image, workloads) : []) })),
    await createVerifier(flags, io),
  );
}

async function verifyBaked(files: string[], targets: string[], flags: VerifyFlags, io: Io): Promise<Outcome[]> {
  const [repository, ...more] = flags.repository ?? [];
  if (more.length > 0) {
    throw invalidArgument(
      "--repository was given several times. With --bake, give it once for all targets, as HOST/REPOSITORY/{name}.",
    );
  }
  refuseRebuild(flags);
  const subjects = await bakedSubjects(files, targets, { ...flags, repository }, io);
  return verifySubjects(subjects, flags, io);
}

async function verifyNamespace(references: string[], flags: VerifyFlags, io: Io): Promise<Outcome[]> {
  if (references.length > 0 || flags.file !== undefined || flags.context !== undefined) {
    throw invalidArgument("--all verifies what a namespace runs. Omit the references, --file and --context.");
  }
  refuseStray({ ...flags, repository: undefined });
  refuseRebuild(flags);
  const workloads = await readWorkloads(flags);
  const verifier = await createVerifier(flags, io);
  const images = await imagesOfNamespace(workloads, flags.repository, createHoldings(verifier.client));
  if (images.length === 0) {
    const of = flags.repository ? ` of ${flags.repository.join(" or ")}` : "";
    throw new VersionedImageError(
      "ImageNotFound",
      `The namespace ${workloads.namespace} runs no image${of}: there is nothing to verify.`,
    );
  }
  return verifyMany(
    images.map(({ reference, error, ...users }) => ({
      reference,
      error,
      more: (image) => [...workloadChecks(image, users), ...workloads.odd.map(oddCheck)],
    })),
    verifier,
  );
}

function wantsCluster({ kubeconfig, namespace }: VerifyFlags): boolean {
  return kubeconfig !== undefined || namespace !== undefined;
}

function refuseStray(flags: VerifyFlags): void {
  refuseLoosePaths(flags);
  if (flags.repository !== undefined) {
    throw invalidArgument("--repository selects among the images of a namespace. Add --all.");
  }
}

function refuseRebuild({ rebuild }: VerifyFlags): void {
  if (rebuild) {
    throw invalidArgument("--rebuild is for a single image, but there are several. Verify one image.");
  }
}

/** The references that a file names, or standard input where it is "-"; none without a file. Throws InvalidArgument. */
async function readList(file: string | undefined, io: Io): Promise<string[]> {
  if (file === undefined) {
    return [];
  }
  try {
    return referencesIn(file === "-" ? await io.input() : await readFile(file, "utf8"));
  } catch (error) {
    throw new VersionedImageError(
      "InvalidArgument",
      `The list of references can't be read: ${(error as Error).message}. Name a file with one on each line, or - for standard input.`,
      { cause: error },
    );
  }
}

/** A reference a line; empty lines and those that begin with # are left out. */
export function referencesIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
