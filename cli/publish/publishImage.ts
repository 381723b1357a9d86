import { copyImage } from "../../components/copy";
import {
  checkBase,
  checkContent,
  checkReleaseTags,
  type Expected,
  findPublished,
  freeScratchTag,
  moveTags,
  type Ports,
  type Publication,
  type Publishing,
  proveServed,
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
import { sourceOf } from "./copyFrom";
import type { Image } from "./images";
import { refuseInterrupted } from "./interrupted";
import type { Published, Run } from "./run";

/** What a user runs again, for messages. */
const COMMAND = "versioned-image publish";

/** An image, and what of it the protocol asks for. */
interface Subject {
  image: Image;
  run: Run;
  target: Target;
  /** Where a version is copied from that the target lacks. */
  copyFrom: Target | undefined;
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
    args: build.args,
  };
  const subject = {
    image,
    run,
    target,
    copyFrom: sourceOf(image, run),
    expected,
    releasing: releasingOf(target, expected, run.releaseTags, COMMAND),
  };
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
      if (publication.kind === "adopted") {
        await check(subject, target, digest);
      }
      if (publication.kind === "elsewhere") {
        await checkReleaseTags(releasing, digest, ports);
        await copy(subject, publication.from, digest);
      }
      const released = await setReleaseTags(releasing, digest, ports);
      await moveTags(target, digest, run.alsoTag, COMMAND);
      published = { image, outcome: outcomeOf(publication), digest };
      announce(subject, whatBecame(publication, target, duration(run.clock.now() - began)));
      for (const tag of released) {
        run.say(image, `released as ${target.repository}:${tag}`);
      }
    },
  });
  return published as Published;
}

function outcomeOf(publication: Publication): Published["outcome"] {
  if (publication.kind === "elsewhere") {
    return "copied";
  }
  return publication.kind === "published" && !publication.byAnother ? "published" : "adopted";
}

function whatBecame(publication: Publication, { spec, repository }: Target, took: string): string {
  const { digest } = publication;
  switch (publication.kind) {
    case "adopted":
      return `adopted, since it was in the registry already: ${repository}@${digest}`;
    case "elsewhere":
      return `copied from ${publication.from.repository} in ${took}: ${spec}@${digest}`;
    case "published":
      return publication.byAnother
        ? `built in ${took}, but another publisher set the tag first, and its image is used: ${repository}@${digest}`
        : `published in ${took}: ${spec}@${digest}`;
  }
}

/** Copies what another repository has of the version, once its labels are looked into. */
async function copy(subject: Subject, from: Target, digest: string): Promise<void> {
  const { image, run, target } = subject;
  await check(subject, from, digest);
  const { clock, say } = portsOf(subject);
  if (!run.dryRun) {
    say.progress(`copying ${image.version.tag} from ${from.repository}`);
  }
  await copyImage(
    { from, to: target, digest, tag: image.version.tag },
    {
      command: COMMAND,
      ...{ clock, dryRun: run.dryRun, say, sent: run.sent },
      proceed: () => refuseInterrupted(image, "during its copy", run),
    },
  );
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
  const { image, run, target, copyFrom, releasing } = subject;
  const { repository, version } = image;
  const ports = portsOf(subject);
  const found = version.debug
    ? undefined
    : await findPublished(
        { spec: target.spec, tag: version.tag, copyFrom, mayBuild: true },
        async () => (await run.client.resolve(repository, version.tag))?.digest,
      );
  if (found?.kind === "adopted") {
    const { digest } = found;
    await check(subject, target, digest);
    const absent = await checkReleaseTags(releasing, digest, ports);
    announce(subject, `is in the registry already and will be used: ${repository}@${digest}`);
    sayToRelease(subject, absent);
    return { image, outcome: "adopted", digest };
  }
  if (found) {
    const { digest, from } = found;
    const absent = await checkReleaseTags(releasing, digest, ports);
    await copy(subject, from, digest);
    announce(subject, `will be copied from ${from.repository}@${digest}`);
    sayToRelease(subject, absent);
    return { image, outcome: "copied", digest, source: from.repository };
  }
  await checkReleaseTags(releasing, undefined, ports);
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

/** What a registry holds is looked into before it is used. */
async function check({ image, run, expected }: Subject, holder: Target, digest: string): Promise<void> {
  const { untraced, builtOtherwise } = await checkContent(expected, holder, digest);
  if (untraced !== undefined) {
    run.warn(image, untraced);
  }
  if (builtOtherwise !== undefined) {
    run.warn(image, `${holder.spec} was ${builtOtherwise}. It is used as it is.`);
  }
}

function publishingOf({ image, run, target, copyFrom, expected }: Subject): Publishing {
  const { version } = image;
  const { repository, spec } = target;
  return {
    spec,
    repository,
    tag: version.tag,
    labels: async () =>
      imageLabels(version, expected.fingerprint, (await run.basesOf(image)) as Record<string, string>),
    copyFrom,
    mayBuild: true,
    scratchTag: (nonce = "") => scratchTag("publish", `${run.nonce} ${spec} ${nonce}`),
    command: COMMAND,
    again: COMMAND,
    prove: proveServed(expected, target, COMMAND),
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
