import {
  checkBase,
  checkContent,
  checkReleaseTags,
  type Expected,
  freeScratchTag,
  moveTags,
  overwritten,
  type Ports,
  type Publishing,
  publishDebugContent,
  publishVersion,
  type Releasing,
  registryPort,
  releasingOf,
  setReleaseTags,
  type Target,
} from "../../components/protocol";
import {
  describeVersion,
  duration,
  fingerprintOf,
  imageLabels,
  mergeRequestNotice,
  scratchTag,
  type TagPolicy,
} from "../../components/version";
import { buildImage, prepareFiles } from "./buildImage";
import type { Image } from "./images";
import type { Published, Run } from "./run";

/** What a user runs again, for messages. */
const COMMAND = "versioned-image publish";

/** An image, and what of it the protocol asks for. */
interface Subject {
  image: Image;
  run: Run;
  target: Target;
  expected: Expected;
  releasing: Releasing;
}

/**
 * Publishes an image's version: uses what the registry holds, or builds it from the commit; a debug image is built from the disk each time. Throws
 * what the protocol, the registry and git throw, BaseMismatch, BuildFailed and Interrupted.
 */
export async function publishImage(image: Image, tagPolicy: TagPolicy, run: Run): Promise<Published> {
  const { version, repository, dockerfile, build } = image;
  const notice = mergeRequestNotice(version.commit, run.env);
  if (notice !== undefined) {
    run.warn(image, notice);
  }
  const target = { repository, spec: `${repository}:${version.tag}`, registry: run.client };
  const expected = {
    version,
    tagPolicy,
    platforms: build.platforms,
    fingerprint: fingerprintOf(build, dockerfile, version),
  };
  const subject = { image, run, target, expected, releasing: releasingOf(target, expected, run.releaseTags, COMMAND) };
  if (run.dryRun) {
    return tryToPublish(subject);
  }
  return version.debug ? publishDebug(subject) : publish(subject);
}

async function publish(subject: Subject): Promise<Published> {
  const { image, run, target, releasing } = subject;
  const began = run.clock.now();
  const ports = portsOf(subject);
  let published: Published | undefined;
  await publishVersion(publishingOf(subject), {
    ...ports,
    build: async (scratchTag) => {
      await checkReleaseTags(releasing, undefined, ports);
      return build(subject, scratchTag);
    },
    record: async (publication) => {
      const { digest } = publication;
      const isOwn = publication.kind === "published" && !publication.byAnother;
      if (publication.kind === "adopted") {
        await check(subject, digest);
      }
      const released = await setReleaseTags(releasing, digest, ports);
      await moveTags(target, digest, run.alsoTag, COMMAND);
      published = { image, outcome: isOwn ? "published" : "adopted", digest };
      const took = duration(run.clock.now() - began);
      announce(
        subject,
        isOwn
          ? `published in ${took}: ${target.spec}@${digest}`
          : publication.kind === "adopted"
            ? `adopted, since it was in the registry already: ${target.repository}@${digest}`
            : `built in ${took}, but another tagged its own meanwhile, and that is used: ${target.repository}@${digest}`,
      );
      for (const tag of released) {
        run.say(image, `released as ${target.repository}:${tag}`);
      }
    },
  });
  return published as Published;
}

async function publishDebug(subject: Subject): Promise<Published> {
  const { image, run, target } = subject;
  const began = run.clock.now();
  const ports = portsOf(subject);
  const publishing = publishingOf(subject);
  const built = await build(subject, () => freeScratchTag(publishing, ports));
  const { digest } = await publishDebugContent(publishing, built, ports);
  const took = duration(run.clock.now() - began);
  announce(subject, `built from the disk and pushed in ${took}: ${target.spec}@${digest}`);
  return { image, outcome: "debug", digest };
}

/** Says what would be done, as far as that can be known without building anything. */
async function tryToPublish(subject: Subject): Promise<Published> {
  const { image, run, target, releasing } = subject;
  const { repository, version } = image;
  const held = version.debug ? undefined : await run.client.resolve(repository, version.tag);
  if (held) {
    await check(subject, held.digest);
    const absent = await checkReleaseTags(releasing, held.digest, portsOf(subject));
    announce(subject, `is in the registry already and will be used: ${repository}@${held.digest}`);
    sayToRelease(subject, absent);
    return { image, outcome: "adopted", digest: held.digest };
  }
  await checkReleaseTags(releasing, undefined, portsOf(subject));
  await checkBases(subject, await run.basesOf(image));
  await (await prepareFiles(image, run)).discard();
  announce(
    subject,
    version.debug
      ? `the directory as it is on disk will be built and pushed to ${target.spec}`
      : `will be built and pushed to ${repository}`,
  );
  sayToRelease(subject, run.releaseTags);
  return { image, outcome: version.debug ? "debug" : "published", digest: undefined };
}

async function build(subject: Subject, scratchTag: () => Promise<string>) {
  const { image, run, expected } = subject;
  const bases = (await run.basesOf(image)) as Record<string, string>;
  await checkBases(subject, bases);
  return buildImage(image, { bases, labels: imageLabels(image.version, expected.fingerprint, bases), scratchTag }, run);
}

async function checkBases({ image, run, target }: Subject, bases: Record<string, string | undefined>): Promise<void> {
  const { version, build } = image;
  for (const [name, { option }] of Object.entries(image.bases)) {
    const reference = bases[name];
    if (reference !== undefined) {
      const base = { name, option, reference, platforms: build.platforms, debug: version.debug };
      await checkBase(base, version, target, () => run.client);
    }
  }
}

/** What the registry holds is looked into before it is used. */
async function check({ image, run, target, expected }: Subject, digest: string): Promise<void> {
  const { untraced, builtOtherwise } = await checkContent(expected, target, digest);
  if (untraced !== undefined) {
    run.warn(image, untraced);
  }
  if (builtOtherwise !== undefined) {
    run.warn(image, `${target.spec} was ${builtOtherwise}. It is used as it is.`);
  }
}

function publishingOf({ image, run, target, expected }: Subject): Publishing {
  const { version } = image;
  const { repository, spec } = target;
  return {
    spec,
    repository,
    tag: version.tag,
    labels: async () =>
      imageLabels(version, expected.fingerprint, (await run.basesOf(image)) as Record<string, string>),
    mayBuild: true,
    scratchTag: (nonce = "") => scratchTag("publish", `${run.nonce} ${spec} ${nonce}`),
    command: COMMAND,
    again: COMMAND,
    prove: async (served, ours) => {
      if ((await checkContent(expected, target, served)).untraced !== undefined) {
        throw overwritten(target, ours, served);
      }
    },
    last: undefined,
  };
}

function portsOf({ image, run, target }: Subject): Omit<Ports, "build" | "record"> {
  return {
    registry: registryPort(target),
    say: { progress: (what) => run.progress(image, what), warn: (what) => run.warn(image, what) },
    clock: run.clock,
  };
}

function sayToRelease({ image, run }: Subject, tags: string[]): void {
  for (const tag of tags) {
    run.say(image, `will be released as ${tag}`);
  }
}

function announce({ image, run }: Subject, what: string): void {
  run.say(image, `${describeVersion(image.version, run.now())}: ${what}`);
}
