import * as pulumi from "@pulumi/pulumi";
import { builderOf } from "../builders";
import { invalidArgument, type VersionedImageError } from "../errors";
import { engineRun, knownValue, unknownOutput } from "../pulumi";
import { parseReference } from "../registry";
import { Fate } from "../version";
import { labelsOf } from "./bases";
import { declareAsRecorded } from "./buildContent";
import { requestFor } from "./contentBuilder";
import { isTried } from "./publishing";
import type { Used } from "./record";
import { isCopied, type Kept, keepRecord, ownOf } from "./record";
import { announce } from "./runReport";
import { sayChanges, sayUnknownBuild } from "./sayChanges";
import { type Publication, type Subject, specOf } from "./subject";

const VARIABLE = "VERSIONED_IMAGE_OFFLINE";

/**
 * Whether this is a preview in which no registry is to be asked: VERSIONED_IMAGE_OFFLINE is 1, as for a pull request of a fork, which has
 * no credentials. Throws InvalidArgument in an update, and if the variable is something else.
 */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  const given = env[VARIABLE] ?? "";
  if (given === "" || given === "0") {
    return false;
  }
  if (given !== "1") {
    throw invalid(given, "set it to 1 for a preview without a registry, or unset it");
  }
  if (!isTried()) {
    throw invalid(given, "it applies to previews only, and an update must ask the registry: unset it");
  }
  return true;
}

function invalid(given: string, remedy: string): VersionedImageError {
  return invalidArgument(`${VARIABLE} is ${JSON.stringify(given)}: ${remedy}.`);
}

const warned = new Set<unknown>();

/** Says once for all images of a run what a preview without a registry can't know. */
export function warnOfOffline(): void {
  const run = engineRun();
  if (!warned.has(run)) {
    warned.add(run);
    pulumi.log.warn(
      `${VARIABLE} is 1, so no registry is asked. Digests are those of the stack's last update. A version that is new to the stack has ` +
        "none yet, and this preview can't tell whether it is published already, or can be.",
    );
  }
}

/** The digest that the stack's last update used under repository:tag; that of a debug image follows from the disk, and none is recorded. */
export function recordedDigest(spec: string | undefined, used: Used | undefined): string | undefined {
  return (spec !== undefined && used?.spec === spec && used.digest) || undefined;
}

/**
 * In a preview that can't know yet where an image goes, or with which credentials, nobody is asked and all stays unknown. In one that is offline
 * the stack's record says what it can.
 */
export async function publishUndecided(subject: Subject): Promise<Publication> {
  const { component, name } = subject;
  const spec = await knownValue(specOf(subject));
  const kept = await keepRecord(name, component, { keep: ["own", "debug", "copied", "current"], write: {} });
  const digest = isOffline() ? recordedDigest(spec, kept?.current) : undefined;
  if (isOffline()) {
    warnOfOffline();
    if (spec !== undefined) {
      await sayChanges(subject, spec, kept?.current);
    }
  }
  sayWhatMayBecome(subject, spec, digest);
  await declareContent(subject, { spec, digest, kept });
  return {
    spec: specOf(subject),
    digest: digest === undefined ? unknownOutput() : pulumi.output(digest),
    outcome: expectedOutcome(subject, { spec, digest, kept }),
  };
}

function expectedOutcome(
  { args, version, copyFrom }: Subject,
  { spec, digest, kept }: Decided,
): Publication["outcome"] {
  if (version.debug) {
    return "debug";
  }
  if (digest === undefined) {
    return copyFrom ? unknownOutput() : args.publish === false ? "adopted" : "published";
  }
  if (spec !== undefined && isCopied(kept, { spec, digest })) {
    return "copied";
  }
  return args.publish !== false && kept?.own.spec === spec ? "published" : "adopted";
}

function sayWhatMayBecome(subject: Subject, spec: string | undefined, digest: string | undefined): void {
  const { args, version, copyFrom } = subject;
  const repository = spec === undefined ? "a repository that is not known yet" : parseReference(spec).repository;
  if (digest !== undefined && spec !== undefined) {
    sayUnknownBuild(subject, spec);
    announce(subject, Fate.Unchanged, () => `unchanged since the stack's last update: ${repository}@${digest}`);
  } else if (version.debug) {
    announce(subject, Fate.Undecided, () => `the directory as it is on disk will be pushed to ${repository}`);
  } else {
    const source = copyFrom === "unknown" ? "another repository that is not known yet" : copyFrom?.repository;
    const [places, there] =
      source === undefined ? [repository, "there"] : [`${repository} and ${source}`, "in one of them"];
    const otherwise = args.publish === false ? `and must be ${there}` : `and published unless it is ${there}`;
    announce(subject, Fate.Undecided, () => `will be looked for in ${places}, ${otherwise}`);
  }
}

interface Decided {
  spec: string | undefined;
  digest: string | undefined;
  kept: Kept | undefined;
}

/** Declares what the stack built last as it is, and what it may have to build as what nobody knows yet. */
async function declareContent(subject: Subject, { spec, digest, kept }: Decided): Promise<void> {
  const { args, build, version } = subject;
  const own = ownOf(kept);
  const isSettled = version.debug || args.publish === false || digest !== undefined || spec === undefined;
  if (own && (isSettled || own.spec === spec)) {
    await declareAsRecorded(subject, own, `${parseReference(own.spec).repository}@${own.digest}`);
    if (!version.debug) {
      return;
    }
  }
  if (version.debug || (args.publish !== false && digest === undefined)) {
    builderOf(build.builder).declare({
      ...requestFor(subject, version.debug ? "debug" : "image"),
      spec: unknownOutput(),
      context: unknownOutput(),
      labels: labelsOf(subject),
      settled: false,
      hooks: undefined,
    });
  }
}
