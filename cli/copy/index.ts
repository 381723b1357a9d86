import { forEachFew, slots } from "../../components/concurrency";
import { copyImage } from "../../components/copy";
import { type ErrorCode, VersionedImageError } from "../../components/errors";
import {
  checkReleaseTags,
  createClock,
  registryPort,
  releaseTagsOf,
  releasingOf,
  setReleaseTags,
} from "../../components/protocol";
import { createRegistryClient } from "../../components/registry";
import { prefixOfTag } from "../../components/version";
import { attempt } from "../attempt";
import { type Io, printJson, type Status } from "../output";
import { ReadBuffers } from "../readBuffers";
import { signerOf } from "../verify/signer";
import { check } from "./check";
import type { Copied, Outcome } from "./outcome";
import { Progress } from "./progress";
import { type CopyFlags, readSource, refuseMixture, type Source } from "./sources";
import { copiesJson, printCopies } from "./text";

/** What a user runs again, for messages. */
const COMMAND = "versioned-image copy";

/** So many images are looked into at once, each by two programs if signatures are asked for. */
const LOOKED_INTO = 8;

/** Whether an error is that of one image alone. Without cosign nothing can be told of any of them. */
const isOfOne = (code: ErrorCode) => code !== "CosignNotFound";

export type { CopyFlags };

/** Copies images from one repository to another, digest for digest. One that fails does not hide the others. */
export async function copy(given: string[], to: string, flags: CopyFlags, io: Io): Promise<Status> {
  const signer = signerOf(flags);
  const releaseTags = releaseTagsOf(flags.releaseTag ?? [], flags);
  const registry = createRegistryClient({ env: io.env });
  const dryRun = flags.dryRun === true;
  const progress = new Progress(io, flags.json === true);
  const buffers = new ReadBuffers();
  const clock = io.clock ?? createClock();
  // Asked for in one tick, all directories are answered by one set of git's calls.
  const sources = await Promise.all(
    [...new Set(given)].map(async (each) => ({
      given: each,
      source: await attempt(() => readSource(each, to, flags), isOfOne),
    })),
  );
  refuseMixture(
    sources.flatMap(({ source }) => (source instanceof VersionedImageError ? [] : source)),
    to,
  );

  const inTurn = slots(LOOKED_INTO);
  async function copied(source: Source): Promise<Copied> {
    const options = { registry, tagPolicy: flags.tagPolicy, signer, env: io.env };
    const { digest, tag, warning } = await inTurn(() => check(source, options));
    // The version of a reference may have a prefix that no option names.
    releaseTagsOf(releaseTags, { tagPrefix: prefixOfTag(tag) });
    const spec = `${source.to}:${tag}`;
    if (warning !== undefined) {
      progress.warn(source.given, warning);
    }
    const image = {
      from: { registry, repository: source.repository },
      to: { registry, repository: source.to },
      digest,
      tag,
    };
    const say = {
      progress: (what: string) => progress.say(spec, what),
      warn: (what: string) => progress.warn(spec, what),
    };
    const target = { registry, repository: source.to, spec };
    const releasing = releasingOf(target, undefined, releaseTags, COMMAND);
    const ports = { registry: registryPort(target), clock, say };
    const absent = await checkReleaseTags(releasing, digest, ports);
    const sent = (bytes: number) => {
      buffers.sent(bytes);
      progress.sent(bytes);
    };
    const done = await copyImage(image, { command: COMMAND, dryRun, clock, sent, say });
    if (!dryRun) {
      await setReleaseTags(releasing, digest, ports);
    }
    for (const release of absent) {
      say.progress(`${dryRun ? "will be released" : "released"} as ${release}`);
    }
    return { ...done, source: `${source.repository}@${digest}`, repository: source.to, tag, digest };
  }

  // All at once: each waits for a second after its tag was set.
  const outcomes: Outcome[] = await forEachFew(sources, sources.length, async ({ given: each, source }) => ({
    given: each,
    result: source instanceof VersionedImageError ? source : await attempt(() => copied(source), isOfOne),
  }));
  if (flags.json) {
    printJson(io, copiesJson(outcomes, dryRun));
  } else {
    printCopies(outcomes, dryRun, io);
  }
  return outcomes.some(({ result }) => result instanceof VersionedImageError) ? 1 : 0;
}
