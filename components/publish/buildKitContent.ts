import * as pulumi from "@pulumi/pulumi";
import { Builder } from "../args";
import { builderOf } from "../builders";
import {
  committedLayout,
  ensureFilled,
  type KeptPlace,
  keptContextOf,
  layoutOnDisk,
  newPlaceName,
  type PreparedContext,
  placeOf,
  prepareContext,
  removePlace,
  setInUse,
} from "../context";
import { OLDEST_BUILDKIT, tooOldBuildKit } from "../docker";
import { expectExport } from "../git";
import type { Built, Target } from "../protocol";
import { unknownOutput, urnOf } from "../pulumi";
import { parseReference } from "../registry";
import { productionTag } from "../version";
import { labelsOf } from "./bases";
import { type Building, buildingOf, type ContentBuilder, hooksAround, requestFor, type Staged } from "./contentBuilder";
import type { Own } from "./record";
import { onlySay } from "./runReport";
import type { BuildProgress } from "./sayBuildFailed";
import { filesOf, type Subject, warnOf } from "./subject";

/** BuildKit's provider looks at the files in each run, so they are kept where it looks for as long as it does. */
export const buildKitContent: ContentBuilder = {
  build,
  keep,
  prepareDebug,
  stageDebug,
  needsScratchTag: false,
  pushesTo,
  builtOf,
};

const buildKitBuilder = builderOf(Builder.BuildKit);

/** Pushes by digest, so that no tag is needed. */
async function build(subject: Subject, target: Target, progress: BuildProgress): Promise<Building> {
  const { dockerfile } = subject;
  const name = newPlaceName();
  const place = await placeIn(subject, "image", { name, folder: name });
  await warnOfOld(subject);
  // The place is another in the update that follows, and a Dockerfile that can't be built is to be found now.
  const preview = pulumi.runtime.isDryRun();
  if (preview) {
    await (await prepareCommit(subject)).discard();
  } else {
    await ensureFilled(place, target.spec, () => prepareCommit(subject));
  }
  const context = keptContextOf(place);
  const nothing = async () => {};
  const declared = buildKitBuilder.declare({
    ...requestFor(subject, "image"),
    spec: pushesTo(target.repository),
    context: preview ? unknownOutput() : context,
    labels: labelsOf(subject),
    settled: false,
    hooks: await hooksAround(subject, "image", progress, context, { fill: nothing, empty: nothing }),
  });
  const own = {
    spec: target.spec,
    pushedAs: target.repository,
    place: `${place.name}/${place.folder}`,
    dockerfile,
    builder: Builder.BuildKit,
  };
  return buildingOf(declared, context.context, own, builtOf);
}

/** By its digest alone. */
function pushesTo(repository: string): string {
  return repository;
}

/** It has the labels that it was told to set, and no tag. */
function builtOf(digest: string): Built {
  return { digest, isLabelled: true, tag: undefined, imageId: async () => undefined };
}

function warnOfOld(subject: Subject): Promise<void> {
  return onlySay(subject, "the builder's version", async () => {
    const { component, name, build } = subject;
    const version = await tooOldBuildKit(build.builderName, process.env);
    if (version !== undefined) {
      pulumi.log.warn(
        `${name}: the builder ${build.builderName ?? "in use"} has BuildKit ${version}. Before ${OLDEST_BUILDKIT}, ` +
          "each build of a commit has a different digest. Create a new builder with `docker buildx create`.",
        component,
      );
    }
  });
}

/**
 * Only the version that the program is at can be looked at in every clone: what was built of an earlier one leaves the state, and stays
 * in the registry.
 */
async function keep(subject: Subject, own: Own): Promise<void> {
  const place = await placeIn(subject, "image", placeOf(own.place), own.dockerfile);
  if (subject.build.builder !== Builder.BuildKit || !isCurrent(subject, own)) {
    await removePlace(keptContextOf(place).context);
    return;
  }
  await ensureFilled(place, own.spec, () => prepareCommit(subject));
  buildKitBuilder.declare({
    ...requestFor(subject, "image"),
    spec: own.pushedAs,
    context: keptContextOf(place),
    labels: labelsOf(subject),
    settled: true,
    hooks: undefined,
  });
}

/** Whether a content is that of the commit that the program is at, which a debug image has as well. */
function isCurrent({ version, target }: Subject, own: Own): boolean {
  const { repository, tag = "" } = parseReference(own.spec);
  return tag === productionTag(version.tag) && (target === undefined || target.repository === repository);
}

async function placeIn(
  { component, version, dockerfile }: Subject,
  kind: "image" | "debug",
  { name, folder }: Pick<KeptPlace, "name" | "folder">,
  dockerfileThere = dockerfile,
): Promise<KeptPlace> {
  const owner = `${await urnOf(component)} ${kind}`;
  return { name, folder, dockerfile: dockerfileThere, contexts: Object.keys(version.contexts).sort(), owner };
}

async function prepareCommit(subject: Subject): Promise<PreparedContext> {
  const exported = expectExport(subject.version);
  try {
    return await prepareContext(committedLayout(filesOf(subject), (what) => warnOf(subject, what)));
  } finally {
    await exported();
  }
}

function prepareDebug(subject: Subject, copied: (files: string[]) => void): Promise<PreparedContext> {
  return prepareContext(layoutOnDisk(filesOf(subject), copied));
}

async function stageDebug(
  subject: Subject,
  name: string,
  isKnown: boolean,
  files: PreparedContext,
  progress: BuildProgress,
): Promise<Staged> {
  const hash = await files.hash();
  const place = await placeIn(subject, "debug", { name, folder: hash.slice(0, name.length) });
  if (isKnown) {
    await ensureFilled(place, hash, async () => files);
  }
  const context = keptContextOf(place);
  return {
    context: isKnown ? context : unknownOutput(),
    hooks: await hooksAround(subject, "debug", progress, context, {
      fill: () => setInUse(place, true),
      empty: () => setInUse(place, false),
    }),
  };
}
