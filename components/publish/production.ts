import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import {
  checkContent,
  findPublished,
  moveTags,
  overwritten,
  type Publication as Published,
  publishVersion,
  type Target,
} from "../protocol";
import { interruptibly, type Step } from "../pulumi";
import { duration, Fate, mergeRequestNotice } from "../version";
import { checkBases } from "./bases";
import { contentBuilderOf, declareAsRecorded } from "./buildContent";
import type { Building } from "./contentBuilder";
import { copyVersion } from "./copyFrom";
import { isTried, portsOf, publishingOf } from "./publishing";
import { isCopied, type Kept, keepRecord, ownOf, type Used } from "./record";
import { checkBeforeRelease, release, sayToRelease, sayUnknownReleases } from "./releaseTags";
import { announce, sayInterrupted } from "./runReport";
import { BuildProgress } from "./sayBuildFailed";
import { sayChanges, sayUnknownBuild } from "./sayChanges";
import { expectedOf, movingTagsOf, neverPublished, type Publication, type Subject, specOf, warnOf } from "./subject";
import { publishUndecided } from "./undecided";

/**
 * Publishes a production version once: uses what the registry holds under its tag, copies it from where the program says, or has it built from
 * the commit. In a preview, and under mocks, it is declared alone.
 */
export async function publishProduction(subject: Subject): Promise<Publication> {
  const { target } = subject;
  const notice = mergeRequestNotice(subject.version.commit, process.env);
  if (notice !== undefined) {
    warnOf(subject, notice);
  }
  if (!target) {
    return publishUndecided(subject);
  }
  return isTried() ? tryToPublish(subject, target) : publish(subject, target);
}

async function publish(subject: Subject, target: Target): Promise<Publication> {
  const { name, version } = subject;
  const progress = new BuildProgress(subject, `${version.tag} from its commit, to be pushed to ${target.repository}`);
  const publishing = await publishingOf(subject, target);
  let building: Building | undefined;
  let publication: Publication | undefined;
  await interruptibly(progress.step, sayInterrupted, () =>
    publishVersion(publishing, {
      ...portsOf(subject, target),
      build: async (scratchTag) => {
        await checkBeforeRelease(subject, target);
        await checkBases(subject, target);
        progress.step.what = `${name} is being built`;
        building = await contentBuilderOf(subject).build(subject, target, progress, scratchTag);
        progress.step.what = building.built && `${name} is being tagged`;
        return building.built;
      },
      record: async (published) => {
        progress.step.what = undefined;
        switch (published.kind) {
          case "adopted":
            publication = await use(subject, target, published.digest);
            break;
          case "elsewhere":
            publication = await copy(subject, target, published.from, published.digest, progress.step);
            break;
          case "published":
            publication = await recordPublished(subject, target, building as Building, published, progress.took ?? 0);
        }
      },
    }),
  );
  publication ??= await keepLeftOut(subject);
  return { ...publication, pushed: publication.pushed ?? publishing.last?.pushed };
}

async function tryToPublish(subject: Subject, target: Target): Promise<Publication> {
  const { version, args, copyFrom } = subject;
  sayUnknownReleases(subject);
  const isUnknown = copyFrom === "unknown";
  const found = await findPublished(
    {
      spec: target.spec,
      tag: version.tag,
      copyFrom: isUnknown ? undefined : copyFrom,
      mayBuild: isUnknown || args.publish !== false,
    },
    async () => (await target.registry.resolve(target.repository, version.tag))?.digest,
  );
  if (found) {
    return found.kind === "adopted"
      ? use(subject, target, found.digest)
      : copy(subject, target, found.from, found.digest, { what: undefined });
  }
  if (isUnknown) {
    return publishUndecided(subject);
  }
  await checkBeforeRelease(subject, target);
  await checkBases(subject, target);
  announce(subject, Fate.Published, (repository) => `will be built and pushed to ${repository}`);
  sayToRelease(subject, subject.releaseTags.known);
  const progress = new BuildProgress(subject, version.tag);
  // Under mocks, the stack's one scratch tag is free in an update.
  const scratchTag = async () => (await publishingOf(subject, target)).scratchTag();
  const building = await contentBuilderOf(subject).build(
    subject,
    target,
    progress,
    pulumi.runtime.isDryRun() ? undefined : scratchTag,
  );
  return building.leftOut ? keepLeftOut(subject) : recordBuilt(subject, target, building, undefined);
}

/** Uses what the registry holds. */
async function use(subject: Subject, target: Target, digest: string): Promise<Publication> {
  const { component, name, args } = subject;
  sayUnknownBuild(subject, target.spec);
  let isUnchanged = true;
  const kept = await keepRecord(name, component, {
    keep: ["own", "debug", "copied", ...keepUnknown(subject)],
    write: { current: { spec: target.spec, digest, build: subject.fingerprint, ...furtherTags(subject) } },
    beforeChange: async (before) => {
      isUnchanged = before?.spec === target.spec && before.digest === digest;
      await checkBeforeUse(subject, target, target, digest, before);
      await sayChanges(subject, target.spec, before);
      await tagFurther(subject, target, digest);
    },
  });
  const own = ownOf(kept);
  if (own) {
    await declareAsRecorded(subject, own, `${target.repository}@${digest}`);
  }
  const isLeftOut = kept ? kept.current.spec !== target.spec || kept.current.digest !== digest : !isTried();
  if (isLeftOut) {
    return leftOut(subject, kept);
  }
  const isOwn = args.publish !== false && own?.spec === target.spec && own.digest === digest;
  if (isUnchanged) {
    announce(subject, Fate.Unchanged, (repository) => `unchanged: ${repository}@${digest}`);
  } else {
    announce(subject, Fate.Adopted, (repository) =>
      pulumi.runtime.isDryRun()
        ? `is in the registry already and will be used: ${repository}@${digest}`
        : `adopted, since it was in the registry already: ${repository}@${digest}`,
    );
  }
  const outcome = isCopied(kept, { spec: target.spec, digest }) ? "copied" : isOwn ? "published" : "adopted";
  return { spec: specOf(subject), digest: pulumi.output(digest), outcome };
}

/** Copies what another repository holds, unless the update leaves the image out. */
async function copy(subject: Subject, target: Target, from: Target, digest: string, step: Step): Promise<Publication> {
  const { component, name } = subject;
  const { spec } = target;
  const began = performance.now();
  sayUnknownBuild(subject, from.spec);
  let isLeftOut = true;
  const kept = await keepRecord(name, component, {
    keep: ["own", "debug", ...keepUnknown(subject)],
    write: {
      current: { spec, digest, build: subject.fingerprint, ...furtherTags(subject) },
      copied: { spec, digest, from: from.repository, at: new Date().toISOString() },
    },
    // Always called, but for an image that is left out: no two copies have the same time.
    beforeChange: async (before) => {
      isLeftOut = false;
      await checkBeforeUse(subject, target, from, digest, before);
      await sayChanges(subject, spec, before);
      const asWhat = before?.digest === digest ? "" : `, where it is ${digest}`;
      warnOfLoss(subject, target, before, `copied again from ${from.repository}${asWhat}`);
      await checkBeforeRelease(subject, target, digest);
      await copyVersion(subject, from, target, digest, step);
      await tagFurther(subject, target, digest);
    },
  });
  const own = ownOf(kept);
  if (own) {
    await declareAsRecorded(subject, own, `${target.repository}@${digest}`);
  }
  if (isLeftOut) {
    return leftOut(subject, kept);
  }
  announce(subject, Fate.Copied, () =>
    isTried()
      ? `will be copied from ${from.repository}@${digest}`
      : `copied from ${from.repository} in ${duration(performance.now() - began)}: ${spec}@${digest}`,
  );
  // Whoever uses it is to wait for the tag.
  return { spec: specOf(subject), digest: pulumi.output(digest), outcome: "copied" };
}

/** A preview may not know yet how an image is built, or as what it is released. */
function keepUnknown({ fingerprint, releaseTags }: Subject): ("current.build" | "current.releaseTags")[] {
  return [
    ...(fingerprint === undefined ? (["current.build"] as const) : []),
    ...(releaseTags.areKnown ? [] : (["current.releaseTags"] as const)),
  ];
}

/**
 * What a tag serves is looked into when a stack first uses it, and when it serves something else or the program asks for
 * another build than before. `holder`: where it is to be found, which may be another repository than the target.
 */
async function checkBeforeUse(
  subject: Subject,
  target: Target,
  holder: Target,
  digest: string,
  before: Used | undefined,
): Promise<void> {
  const expected = before?.spec === target.spec && before.digest !== "" ? before.digest : digest;
  const { untraced, builtOtherwise } = await checkContent(expectedOf(subject), holder, digest).catch(
    (error: unknown) => {
      // Another tag, which TagTaken advises, is no remedy for a version that is published under this one.
      const wasTaken = expected !== digest && holder === target;
      throw wasTaken && error instanceof VersionedImageError && error.code === "TagTaken"
        ? overwritten(target, expected, digest, { cause: error })
        : error;
    },
  );
  if (expected !== digest && untraced !== undefined) {
    throw overwritten(holder, expected, digest);
  }
  if (expected !== digest && holder === target) {
    pulumi.log.warn(
      `${target.spec} was published as ${expected} and is now ${digest}, with the labels of the same version: ` +
        "the tag was overwritten. The new image is used. Make tags immutable in the registry, if it supports that.",
      subject.component,
    );
  } else if (untraced !== undefined) {
    pulumi.log.warn(untraced, subject.component);
  }
  if (builtOtherwise !== undefined) {
    pulumi.log.warn(`${holder.spec} was ${builtOtherwise}. It is used as it is.`, subject.component);
  }
}

type PublishedNow = Published & { kind: "published" };

async function recordPublished(
  subject: Subject,
  target: Target,
  building: Building,
  published: PublishedNow,
  milliseconds: number,
): Promise<Publication> {
  const took = duration(milliseconds);
  const { digest, byAnother } = published;
  const publication = await recordBuilt(subject, target, building, published);
  if (byAnother) {
    announce(
      subject,
      Fate.Adopted,
      (repository) =>
        `built in ${took}, but another stack tagged its image first, which is used: ${repository}@${digest}`,
    );
  } else {
    announce(subject, Fate.Published, () => `published in ${took}: ${target.spec}@${digest}`);
  }
  return publication;
}

/** `published`: nothing in a preview and under mocks, where what is not known yet must stay unknown to whoever uses it. */
async function recordBuilt(
  subject: Subject,
  target: Target,
  { content, own }: Building,
  published: PublishedNow | undefined,
): Promise<Publication> {
  const { component, name } = subject;
  const digest = published ? pulumi.output(published.digest) : content.digest;
  await keepRecord(name, component, {
    keep: ["debug", ...keepUnknown(subject)],
    write: {
      own: { ...own, digest: published?.labelled ?? content.digest },
      current: { spec: target.spec, digest, build: subject.fingerprint, ...furtherTags(subject) },
    },
    dependsOn: content.resource,
    beforeChange: async (before) => {
      await sayChanges(subject, target.spec, before);
      warnOfLoss(subject, target, before, "built again from its commit");
      if (published) {
        await tagFurther(subject, target, published.digest);
      }
    },
  });
  return {
    // Whoever uses it is to wait for the tag.
    spec: pulumi.all([specOf(subject), digest]).apply(([spec]) => spec),
    digest,
    outcome: published?.byAnother ? "adopted" : "published",
    pushed: published?.pushed,
  };
}

/** The further tags, as the record has them. */
function furtherTags(subject: Subject): Pick<Used, "alsoTag" | "releaseTags"> {
  const [alsoTag, releaseTags] = [movingTagsOf(subject), subject.releaseTags.known].map((tags) =>
    [...tags].sort().join(" "),
  );
  return { ...(alsoTag && { alsoTag }), ...(releaseTags && { releaseTags }) };
}

function warnOfLoss({ component }: Subject, { spec }: Target, before: Used | undefined, again: string): void {
  if (before?.spec === spec) {
    pulumi.log.warn(
      `${spec} was lost from the registry (${before.digest}): ${again}. Check that the registry's clean-up keeps images that are in use.`,
      component,
    );
  }
}

/** What is written once comes first, since it can be refused. */
async function tagFurther(subject: Subject, target: Target, digest: string): Promise<void> {
  await release(subject, target, digest);
  if (!isTried()) {
    await moveTags(target, digest, movingTagsOf(subject), "pulumi up");
  }
}

/** An image that the update does not touch (--target, --exclude, destroy or refresh with the program) stays as it is. */
async function keepLeftOut(subject: Subject): Promise<Publication> {
  const { component, name } = subject;
  return leftOut(
    subject,
    await keepRecord(name, component, { keep: ["own", "debug", "copied", "current"], write: {} }),
  );
}

function leftOut(subject: Subject, kept: Kept | undefined): Publication {
  announce(subject, Fate.LeftOut, () => {
    return `is left out of this update${kept?.current.spec ? `, and stays at ${kept.current.spec}` : ""}`;
  });
  if (!kept?.current.spec) {
    return neverPublished(subject);
  }
  const { own, current } = kept;
  return {
    spec: pulumi.output(current.spec),
    digest: pulumi.output(current.digest || undefined),
    outcome: isCopied(kept, current) ? "copied" : own.spec === current.spec ? "published" : "adopted",
  };
}
