import { randomBytes } from "node:crypto";
import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { createClock, movingTags } from "../../components/protocol";
import { createRegistryClient } from "../../components/registry";
import { slots } from "../../components/slots";
import { Fate, summarize } from "../../components/version";
import { type Io, printable, printError, printJson, type Status } from "../output";
import { hearSignals } from "../signals";
import { findBases } from "./bases";
import { type BuildFlags, buildOf } from "./buildFlags";
import { refuseOneSource } from "./copyFrom";
import { findImages, type ImagesFlags } from "./images";
import { createNarrator, type Narrator } from "./narrator";
import { publishImage } from "./publishImage";
import { openReports } from "./reportFile";
import { type Result, referenceOf, resultsJson } from "./results";
import type { Published, Run } from "./run";

export interface PublishFlags extends ImagesFlags, Omit<BuildFlags, "buildContext" | "base"> {
  /** Where versions are copied from that the registry lacks; `{name}` stands for the name of each one's directory. */
  copyFrom?: string;
  /** Tags that are moved to each image. */
  alsoTag?: string[];
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
export async function publish(contexts: string[], flags: PublishFlags, io: Io): Promise<Status> {
  const { dryRun = false } = flags;
  const build = buildOf(flags, io.env);
  const alsoTag = flags.debug ? [] : movingTags(flags.alsoTag, flags.tagPrefix);
  const images = findImages(contexts, flags);
  refuseOneSource(flags.copyFrom, images.length);
  const reports = await openReports(flags, io.env);
  const narrator = createNarrator(io, images.length);
  const interrupt = new AbortController();
  const signals = hearSignals(io, "ending what is being built; what is pushed gets its tag", () => interrupt.abort());
  const published = new Map<string, Promise<Published>>();
  const client = createRegistryClient({ env: io.env });
  const run: Run = {
    build,
    client,
    env: io.env,
    clock: createClock(),
    now: io.now,
    dryRun,
    copyFrom: flags.copyFrom,
    alsoTag,
    nonce: randomBytes(8).toString("hex"),
    inTurn: slots(flags.jobs),
    signal: interrupt.signal,
    basesOf: (image) => findBases(image, (context) => published.get(context), client),
    progress: ({ context }, what) => narrator.progress(context, what),
    say: ({ context }, what) => narrator.say(context, what),
    warn: ({ context }, what) => narrator.warn(context, what),
  };
  for (const { context, read } of images) {
    const work = read().then((found) => publishImage(found, flags.tagPolicy, run));
    published.set(path.resolve(context), work);
  }
  const ended = await Promise.allSettled(
    images.map(async ({ context, name }) => resultOf(context, name, published, narrator)),
  );
  signals.ignore();
  const results = ended.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  print(results, flags, io);
  await reports.write(resultsJson(results, dryRun));
  for (const each of ended) {
    if (each.status === "rejected") {
      throw each.reason;
    }
  }
  return results.some(({ result }) => result instanceof VersionedImageError) ? 1 : 0;
}

/** What became of an image. Throws what is a fault of this program's. */
async function resultOf(
  context: string,
  name: string,
  published: Map<string, Promise<Published>>,
  narrator: Narrator,
): Promise<Result> {
  try {
    const result = (await published.get(path.resolve(context))) as Published;
    return { context, name, result };
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return { context, name, result: error };
    }
    throw error;
  } finally {
    narrator.end(context);
  }
}

/** References on standard output, of several images after their directories and a tab; errors and a summary on standard error. */
function print(results: Result[], { json, dryRun = false }: PublishFlags, io: Io): void {
  if (json) {
    printJson(io, resultsJson(results, dryRun));
    return;
  }
  const isOne = results.length === 1;
  for (const { context, result } of results) {
    if (result instanceof VersionedImageError) {
      printError(io, result, context);
    } else {
      io.out(`${isOne ? "" : `${printable(context)}\t`}${referenceOf(result)}\n`);
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
