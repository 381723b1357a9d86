import { createHash } from "node:crypto";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { builderOf } from "../builders";
import { newPlaceName } from "../context";
import { VersionedImageError } from "../errors";
import { isMocked, knownValue, urnOf } from "../pulumi";
import { parseReference } from "../registry";
import { duration, Fate, imageLabels } from "../version";
import { contentBuilderOf, settledContent } from "./buildContent";
import { keepRecord, ownOf } from "./record";
import { announce } from "./runReport";
import { type Publication, type Subject, specOf, type Target } from "./subject";
import { publishUndecided } from "./undecided";
import { Watch } from "./watch";

/** Builds the directory as it is on disk and publishes it over whatever its debug tag named before. */
export async function publishDebug(subject: Subject): Promise<Publication> {
  const { component, name, version, build, args, fingerprint, target } = subject;
  if (!target) {
    return { ...(await publishUndecided(subject)), outcome: "debug" };
  }
  const isPreview = pulumi.runtime.isDryRun();
  const watch = new Watch(subject, `the directory as it is on disk, to be pushed to ${target.spec}`);
  const builder = contentBuilderOf(subject);
  let copied: string[] = [];
  const files = await builder.prepareDebug(subject, (found) => {
    copied = found;
  });
  try {
    warnOfIgnored(subject, copied);
    // Where the tag is gone, the builder must not take what it once pushed for still being there: it builds in a new place.
    const isThere = (await target.registry.resolve(target.repository, version.tag)) !== undefined;
    const current = { spec: target.spec, digest: "" };
    const keptBefore = isThere
      ? await keepRecord(name, component, { keep: ["own", "debug"], write: { current } })
      : undefined;
    const placeName = isThere ? (keptBefore?.debug.place ?? (await firstPlace(component))) : newPlaceName();
    const staged = await builder.stageDebug(subject, placeName, isThere || !isPreview, files, watch);
    const content = builderOf(build.builder).declare({
      name: `${name}-debug`,
      component,
      spec: specOf(subject),
      labels: imageLabels(version, fingerprint),
      committedAt: undefined,
      build,
      registryAuth: args.registryAuth,
      settled: false,
      ...staged,
    });
    const digest = await knownValue(content.digest);
    const kept = isThere
      ? keptBefore
      : await keepRecord(name, component, {
          keep: ["own"],
          write: { debug: { place: placeName }, current },
          dependsOn: content.resource,
        });
    const own = ownOf(kept);
    if (own) {
      await settledContent(subject, own, `${parseReference(own.spec).repository}@${own.digest}`);
    }
    if (digest !== undefined && !isPreview && !isMocked()) {
      await refuseLost(target, digest, content.resource);
    }
    sayWhatBecame(subject, target, digest, watch.took);
    return {
      spec: pulumi.all([specOf(subject), content.digest]).apply(([spec]) => spec),
      digest: content.digest,
      outcome: "debug",
    };
  } finally {
    await files.discard();
  }
}

function sayWhatBecame(subject: Subject, { spec }: Target, digest: string | undefined, took: number | undefined): void {
  const disk = `the directory as it is on disk (${uncommitted(subject.version.uncommitted.length)})`;
  if (isMocked() || (digest === undefined && pulumi.runtime.isDryRun())) {
    announce(subject, Fate.Published, (repository) => `${disk} will be built and pushed to ${repository}`);
  } else if (digest === undefined) {
    announce(subject, Fate.LeftOut, () => "is left out of this update");
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

/** Another stack may have pushed over the tag, and the registry may then have removed what has no tag any more. */
async function refuseLost(
  { registry, repository, spec }: Target,
  digest: string,
  resource: pulumi.Resource,
): Promise<void> {
  if (!(await registry.resolve(repository, digest))) {
    throw new VersionedImageError(
      "ContentLost",
      `${spec} was pushed as ${digest}, which the registry does not have any more: run ` +
        `\`pulumi up --replace '${await urnOf(resource)}'\` to build and push it again.`,
    );
  }
}

function uncommitted(count: number): string {
  return count === 0 ? "nothing uncommitted" : `${count} uncommitted ${count === 1 ? "change" : "changes"}`;
}

/** Files that git is told to ignore are often secrets: whoever can pull the image can read them. */
function warnOfIgnored({ component, version }: Subject, copied: string[]): void {
  // Of a directory that is ignored as a whole, git names no file.
  const ignored = version.ignored.map((file) => path.relative(version.context, file));
  const inImage = copied.filter((file) => ignored.some((entry) => file === entry || file.startsWith(`${entry}/`)));
  if (inImage.length > 0) {
    const files = inImage.slice(0, 5).join(", ") + (inImage.length > 5 ? `, and ${inImage.length - 5} more` : "");
    pulumi.log.warn(
      `Git ignores ${files}, but Docker is given them in debug mode: name them in .dockerignore to keep them out.`,
      component,
    );
  }
}
