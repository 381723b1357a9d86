import type * as pulumi from "@pulumi/pulumi";
import { Builder } from "../args";
import { builderOf } from "../builders";
import {
  type ContextContent,
  committedContext,
  contentOfImage,
  contextOf,
  contextOnDisk,
  emptyPlace,
  ensureMarked,
  fillPlace,
  newPlaceName,
  type Place,
  type PreparedContext,
  prepareContext,
} from "../context";
import { builtImageId } from "../docker";
import { VersionedImageError } from "../errors";
import { expectExport } from "../git";
import { type Built, refusesToMoveTags, type Target } from "../protocol";
import { dockerEnvironment, hooksFor, unknownOutput } from "../pulumi";
import { parseReference } from "../registry";
import { isScratchTag } from "../version";
import {
  type Building,
  buildingOf,
  type ContentBuilder,
  hooksAround,
  requestFor,
  type ScratchTag,
  type Staged,
} from "./contentBuilder";
import { portsOf, publishingOf } from "./publishing";
import { type Own, recordUrn } from "./record";
import type { BuildProgress } from "./sayBuildFailed";
import { filesOf, type Subject, warnOf } from "./subject";

/** Docker's builder finds a marker in the place of the files but for the moment in which it builds. */
export const dockerContent: ContentBuilder = {
  build,
  keep,
  prepareDebug,
  stageDebug,
  needsScratchTag: true,
  pushesTo,
  builtOf,
};

const dockerBuilder = builderOf(Builder.Docker);

async function build(subject: Subject, target: Target, progress: BuildProgress, ask: ScratchTag): Promise<Building> {
  const exported = expectExport(subject.version);
  try {
    return await declare(subject, target, progress, await ask?.());
  } finally {
    await exported();
  }
}

async function declare(
  subject: Subject,
  { repository, spec }: Target,
  progress: BuildProgress,
  scratchTag: string | undefined,
): Promise<Building> {
  const { dockerfile } = subject;
  const place: Place = { name: newPlaceName(), dockerfile, marker: spec };
  const content = committedContext(filesOf(subject), (what) => warnOf(subject, what));
  // The place is another in the update that follows, and a Dockerfile that can't be built is to be found now.
  if (scratchTag === undefined) {
    await (await prepareContext(content)).discard();
  } else {
    await ensureMarked(place);
  }
  const pushedAs = pushesTo(repository, scratchTag);
  const context = contextOf(place);
  const declared = dockerBuilder.declare({
    ...requestFor(subject, "image"),
    spec: pushedAs,
    context: scratchTag === undefined ? unknownOutput() : context,
    labels: {},
    settled: false,
    hooks: await hooksAround(subject, "image", progress, context, {
      fill: () => fill(place, content),
      empty: () => emptyPlace(place),
    }),
  });
  const own = { spec, pushedAs, place: place.name, dockerfile };
  return buildingOf(declared, context.context, own, (digest) => builtOf(digest, repository, scratchTag));
}

async function fill(place: Place, content: ContextContent): Promise<void> {
  const files = await prepareContext(content);
  try {
    await fillPlace(place, files);
  } finally {
    await files.discard();
  }
}

function pushesTo(repository: string, scratchTag: string | undefined): pulumi.Input<string> {
  return scratchTag === undefined ? unknownOutput() : `${repository}:${scratchTag}`;
}

/** The labels are set in the registry. */
function builtOf(digest: string, repository: string, scratchTag: string | undefined): Built {
  return {
    digest,
    isLabelled: false,
    tag: scratchTag,
    imageId: () => builtImageId(`${repository}:${scratchTag}`, dockerEnvironment(process.env)),
  };
}

/**
 * Where the engine runs an operation on it all the same (it was to be replaced, or is not in the state any more), what is built is the
 * image that its tag serves already: a registry with immutable tags takes nothing else.
 */
async function keep(subject: Subject, own: Own, image: string): Promise<void> {
  const { component, name } = subject;
  const place: Place = { name: own.place, dockerfile: own.dockerfile, marker: own.spec };
  await ensureMarked(place);
  dockerBuilder.declare({
    ...requestFor(subject, "image"),
    spec: own.pushedAs,
    context: contextOf(place),
    labels: {},
    settled: true,
    hooks: await hooksFor(component, {
      name: "image",
      before: async () => fill(place, contentOfImage(await servedBy(subject, own, image), place.dockerfile, undefined)),
      after: () => emptyPlace(place),
      failed: async () => {
        await emptyPlace(place);
        throw notPushedAgain(own, await recordUrn(component, name));
      },
    }),
  });
}

/**
 * What was pushed is under its tag still; a scratch tag that is gone can be given the version's image. Under a version's own tag, which a state of the
 * release before may have, only a registry that moves no tags may be pushed to: another image store makes another manifest of the same image.
 */
async function servedBy(subject: Subject, own: Own, image: string): Promise<string> {
  const { target, component, name } = subject;
  const { repository, tag = "" } = parseReference(own.pushedAs);
  const there = await target?.registry.manifest(repository, tag);
  const mayPush =
    isScratchTag(tag) ||
    (target &&
      there &&
      (await refusesToMoveTags(await publishingOf(subject, target), there, portsOf(subject, target))));
  if (!mayPush) {
    throw notPushedAgain(own, await recordUrn(component, name));
  }
  return there ? `${repository}@${there.digest}` : image;
}

function notPushedAgain({ spec, pushedAs }: Own, record: string): VersionedImageError {
  return new VersionedImageError(
    "PushRefused",
    `${spec} is published, and its build can't be pushed as ${pushedAs} again. That is not needed. Run \`pulumi state delete ` +
      `--force '${record}'\`, and then \`pulumi up\`, which uses the image in the registry.`,
  );
}

function prepareDebug(subject: Subject, copied: (files: string[]) => void): Promise<PreparedContext> {
  return prepareContext(contextOnDisk(filesOf(subject), copied));
}

async function stageDebug(
  subject: Subject,
  name: string,
  isKnown: boolean,
  files: PreparedContext,
  progress: BuildProgress,
): Promise<Staged> {
  const { dockerfile, version } = subject;
  const place = { name, dockerfile, marker: `${version.tag} ${await files.hash()}` };
  if (isKnown) {
    await ensureMarked(place);
  }
  const context = contextOf(place);
  return {
    context: isKnown ? context : unknownOutput(),
    hooks: await hooksAround(subject, "debug", progress, context, {
      fill: () => fillPlace(place, files),
      empty: () => emptyPlace(place),
    }),
  };
}
