import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { builderOf } from "../builders";
import { ignoredInImage, leftOutOfImage, newPlaceName } from "../context";
import {
  freeScratchTag,
  type Ports,
  type Publishing,
  publishDebugContent,
  publishedAsIs,
  type Target,
} from "../protocol";
import { isMocked, knownValue, unknownOutput, urnOf } from "../pulumi";
import { parseReference } from "../registry";
import { duration, Fate } from "../version";
import { checkBases, labelsOf } from "./bases";
import { contentBuilderOf, declareAsRecorded } from "./buildContent";
import { requestFor } from "./contentBuilder";
import { portsOf, publishingOf } from "./publishing";
import { keepRecord, ownOf } from "./record";
import { announce } from "./runReport";
import { BuildProgress } from "./sayBuildFailed";
import { neverPublished, type Publication, type Subject, specOf } from "./subject";
import { publishUndecided } from "./undecided";

/** Builds the directory as it is on disk and publishes it over whatever its debug tag named before. */
export async function publishDebug(subject: Subject): Promise<Publication> {
  const { component, name, version, build, target, dockerfile } = subject;
  if (!target) {
    return publishUndecided(subject);
  }
  const isPreview = pulumi.runtime.isDryRun();
  const progress = new BuildProgress(subject, `the directory as it is on disk, to be pushed to ${target.spec}`);
  const builder = contentBuilderOf(subject);
  let copied: string[] = [];
  const files = await builder.prepareDebug(subject, (found) => {
    copied = found;
  });
  try {
    warnIf(subject, ignoredInImage(version, copied));
    await checkBases(subject, target);
    warnIf(subject, await leftOutOfImage(version, dockerfile));
    // Where the tag is gone, the builder must not take what it once pushed for still being there: it builds in a new place.
    const isThere = (await target.registry.resolve(target.repository, version.tag)) !== undefined;
    const current = { spec: target.spec, digest: "" };
    const keptBefore = isThere
      ? await keepRecord(name, component, { keep: ["own", "debug", "copied"], write: { current } })
      : undefined;
    const placeName = isThere ? (keptBefore?.debug.place ?? (await firstPlace(component))) : newPlaceName();
    const staged = await builder.stageDebug(subject, placeName, isThere || !isPreview, files, progress);
    const ports = portsOf(subject, target);
    const publishing = await publishingOf(subject, target, `pulumi up --replace '**::${name}-debug'`);
    const scratchTag = builder.needsScratchTag ? await scratchTagOf(publishing, ports) : undefined;
    const content = builderOf(build.builder).declare({
      ...requestFor(subject, "debug"),
      spec: builder.pushesTo(target.repository, scratchTag),
      labels: labelsOf(subject),
      settled: false,
      ...staged,
    });
    const pushed = await knownValue(content.digest);
    const kept = isThere
      ? keptBefore
      : await keepRecord(name, component, {
          keep: ["own", "copied"],
          write: { debug: { place: placeName }, current },
          dependsOn: content.resource,
        });
    const own = ownOf(kept);
    if (own) {
      await declareAsRecorded(subject, own, `${parseReference(own.spec).repository}@${own.digest}`);
    }
    // What the update leaves out is what it was, also where the program has another version by now.
    const isLeftOut = !isPreview && (pushed === undefined || (kept && kept.current.spec !== target.spec));
    if (isLeftOut) {
      announce(subject, Fate.LeftOut, () => "is left out of this update");
      if (!publishing.last) {
        return neverPublished(subject);
      }
      const { spec, digest, pushed: before } = publishing.last;
      return { spec: pulumi.output(spec), digest: pulumi.output(digest), outcome: "debug", pushed: before };
    }
    const built = pushed === undefined ? undefined : builder.builtOf(pushed, target.repository, scratchTag);
    const published =
      isMocked() || !built
        ? undefined
        : isPreview
          ? publishedAsIs(publishing, built)
          : await publishDebugContent(publishing, built, ports);
    sayWhatBecame(subject, target, published?.digest, progress.took);
    // What nobody knows yet stays unknown, or what the mocks say.
    const digest = published ? pulumi.output(published.digest) : isPreview ? unknownOutput<string>() : content.digest;
    return {
      spec: pulumi.all([specOf(subject), digest]).apply(([spec]) => spec),
      digest,
      outcome: "debug",
      pushed: published?.pushed,
    };
  } finally {
    await files.discard();
  }
}

function sayWhatBecame(subject: Subject, { spec }: Target, digest: string | undefined, took: number | undefined): void {
  const disk = `the directory as it is on disk (${uncommitted(subject.version.uncommitted.length)})`;
  if (isMocked() || digest === undefined) {
    announce(subject, Fate.Published, (repository) => `${disk} will be built and pushed to ${repository}`);
  } else if (took === undefined) {
    announce(subject, Fate.Unchanged, () => `${disk} is unchanged: ${spec}@${digest}`);
  } else {
    announce(subject, Fate.Published, () => `${disk} was built and pushed in ${duration(took)}: ${spec}@${digest}`);
  }
}

/** A tag that somebody else pushed before this stack did. */
async function firstPlace(component: pulumi.ComponentResource): Promise<string> {
  return createHash("sha256")
    .update(await urnOf(component))
    .digest("hex")
    .slice(0, 16);
}

/** What was pushed keeps its tag as long as the version is the same, since another tag would be another build. A preview may not know it. */
async function scratchTagOf(publishing: Publishing, ports: Pick<Ports, "registry">): Promise<string | undefined> {
  const { spec, last } = publishing;
  if (last?.pushed && last.spec === spec) {
    return last.pushed.tag;
  }
  // To find one can mean to move one.
  return pulumi.runtime.isDryRun() ? undefined : freeScratchTag(publishing, ports);
}

function uncommitted(count: number): string {
  return count === 0 ? "nothing uncommitted" : `${count} uncommitted ${count === 1 ? "change" : "changes"}`;
}

function warnIf({ component }: Subject, what: string | undefined): void {
  if (what !== undefined) {
    pulumi.log.warn(what, component);
  }
}
