import { randomBytes } from "node:crypto";
import { slots } from "../../components/concurrency";
import { invalidArgument, VersionedImageError } from "../../components/errors";
import { createClock, movingTags, releaseTagsOf } from "../../components/protocol";
import { createRegistryClient } from "../../components/registry";
import { Fate, summarize } from "../../components/version";
import type { BakeFlags } from "../bake";
import { type Io, printable, printError, printJson, type Status } from "../output";
import { ReadBuffers } from "../readBuffers";
import { hearSignals } from "../signals";
import { findBaked } from "./baked";
import { findBases } from "./bases";
import { refuseOneSource } from "./copyFrom";
import { findImages, type ImagesFlags, type Named } from "./images";
import { createNarrator, type Narrator } from "./narrator";
import { publishImage } from "./publishImage";
import { openReports } from "./reportFile";
import { type Result, referenceOf, resultsJson } from "./results";
import type { Published, Run } from "./run";

export interface PublishFlags extends ImagesFlags, BakeFlags {
  /** Where versions are copied from that the registry lacks; `{name}` stands for the name of each one's directory. */
  copyFrom?: string;
  /** Tags that are moved to each image. */
  alsoTag?: string[];
  /** Tags that are written once to each image. */
  releaseTag?: string[];
  /** So many images are built at once. */
  jobs: number;
  /** Says what would be done, and does nothing. */
  dryRun?: boolean;
  json?: boolean;
  /** A file for the results, as JSON. */
  report?: string;
  /** Whether the results are outputs of a step of GitHub Actions. */
  githubOutput?: boolean;
}

/**
 * Publishes images' versions: what the registry has is used, the rest is built and pushed. Prints the reference of each. One that fails does not
 * hide the others.
 */
export async function publish(names: string[], flags: PublishFlags, io: Io): Promise<Status> {
  const { dryRun = false } = flags;
  const alsoTag = flags.debug ? [] : movingTags(flags.alsoTag, flags.tagPrefix);
  const releaseTags = releaseTagsOf(flags.releaseTag ?? [], flags);
  if (flags.debug && releaseTags.length > 0) {
    throw invalidArgument("--release-tag can't be combined with --debug: a debug image is not a release.");
  }
  const images = await imagesOf(names, flags, io);
  refuseOneSource(flags.copyFrom, images.length);
  const reports = await openReports(flags, io.env);
  const narrator = createNarrator(io, images.length);
  const interrupt = new AbortController();
  const signals = hearSignals(
    narrator.interject,
    "stopping builds and copies; pushed images still get their tags",
    () => interrupt.abort(),
  );
  const published = new Map<string, Promise<Published>>();
  const client = createRegistryClient({ env: io.env });
  const buffers = new ReadBuffers();
  const run: Run = {
    client,
    env: io.env,
    clock: io.clock ?? createClock(),
    now: io.now,
    dryRun,
    copyFrom: flags.copyFrom,
    alsoTag,
    releaseTags,
    nonce: randomBytes(8).toString("hex"),
    inTurn: slots(flags.jobs),
    signal: interrupt.signal,
    basesOf: (image) => findBases(image, (id) => published.get(id) as Promise<Published>, client),
    sent: (bytes) => buffers.sent(bytes),
    progress: ({ label }, what) => narrator.progress(label, what),
    say: ({ label }, what) => narrator.say(label, what),
    warn: ({ label }, what) => narrator.warn(label, what),
  };
  for (const { id, read } of images) {
    const work = read().then((found) => publishImage(found, flags.tagPolicy, run));
    published.set(id, work);
  }
  const ended = await Promise.allSettled(images.map(async (image) => resultOf(image, published, narrator)));
  signals.ignore();
  const results = ended.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const unwritten = await reports.write(resultsJson(results, dryRun));
  const fault = ended.find((each) => each.status === "rejected");
  // JSON is one document, which is the fault's then.
  if (fault === undefined || !flags.json) {
    print(results, flags, io);
  }
  for (const error of unwritten) {
    printError(io, error);
  }
  if (fault !== undefined) {
    throw fault.reason;
  }
  return unwritten.length > 0 || results.some(({ result }) => result instanceof VersionedImageError) ? 1 : 0;
}

async function imagesOf(names: string[], flags: PublishFlags, io: Io): Promise<Named[]> {
  // Without a bake file the repository is there, or it was wrong usage.
  const { bake, repository = "" } = flags;
  return bake === undefined ? findImages(names, { ...flags, repository }, io.env) : findBaked(bake, names, flags, io);
}

/** What became of an image. Throws what is a fault of this program's. */
async function resultOf(
  { id, label, context, name }: Named,
  published: Map<string, Promise<Published>>,
  narrator: Narrator,
): Promise<Result> {
  try {
    const result = (await published.get(id)) as Published;
    return { label, context, name, result };
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return { label, context, name, result: error };
    }
    throw error;
  } finally {
    narrator.end(label);
  }
}

/** References on standard output, of several images after their directories or targets and a tab; errors and a summary on standard error. */
function print(results: Result[], { json, dryRun = false }: PublishFlags, io: Io): void {
  if (json) {
    printJson(io, resultsJson(results, dryRun));
    return;
  }
  const isOne = results.length === 1;
  for (const { label, result } of results) {
    if (result instanceof VersionedImageError) {
      printError(io, result, label);
    } else {
      io.out(`${isOne ? "" : `${printable(label)}\t`}${referenceOf(result)}\n`);
    }
  }
  if (!isOne) {
    const fates = results.flatMap(({ name, result }): [string, Fate][] =>
      result instanceof VersionedImageError ? [] : [[name, FATES[result.outcome]]],
    );
    io.err(`${summarize(results.length, fates, dryRun)}\n`);
  }
}

const FATES: Record<Published["outcome"], Fate> = {
  published: Fate.Published,
  adopted: Fate.Adopted,
  copied: Fate.Copied,
  debug: Fate.Published,
};
