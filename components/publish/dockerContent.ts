import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Builder } from "../args";
import { builderOf } from "../builders";
import {
  type ContextContent,
  contentOfImage,
  contextOf,
  copyContext,
  emptyPlace,
  ensureMarked,
  fillPlace,
  newPlaceName,
  type Place,
  type PreparedContext,
  prepareContext,
  removePlace,
} from "../context";
import { VersionedImageError } from "../errors";
import { expectExport } from "../git";
import { hooksFor, unknownOutput } from "../pulumi";
import { parseReference } from "../registry";
import { checkContent } from "./checkContent";
import { type Building, buildingOf, type ContentBuilder, type Staged } from "./contentBuilder";
import type { Own } from "./record";
import { isScratch, scratchSpec } from "./scratchSpec";
import type { Subject, Target } from "./subject";
import type { Watch } from "./watch";
import { writeCommit } from "./writeCommit";

/** Docker's builder finds a marker in the place of the files but for the moment in which it builds. */
export const dockerContent: ContentBuilder = { build, keep, prepareDebug, stageDebug };

const dockerBuilder = builderOf(Builder.Docker);

/**
 * Pushes under a tag that is not the version's own (with immutable tags: under the version's own, which can then be written
 * but once).
 */
async function build(subject: Subject, target: Target, watch: Watch): Promise<Building> {
  const exported = expectExport(subject.version);
  try {
    return await declare(subject, target, watch);
  } finally {
    await exported();
  }
}

async function declare(subject: Subject, target: Target, watch: Watch): Promise<Building> {
  const { component, name, args, dockerfile, version } = subject;
  const place: Place = { name: newPlaceName(), dockerfile, marker: `${target.spec}` };
  const content = contentOf(subject);
  // The place is another in the update that follows, and a Dockerfile that can't be built is to be found now.
  const preview = pulumi.runtime.isDryRun();
  if (preview) {
    await (await prepareContext(content)).discard();
  } else {
    await ensureMarked(place);
  }
  const pushedAs = args.immutableTags ? target.spec : await scratchSpec(subject, target.repository);
  const declared = dockerBuilder.declare({
    name: `${name}-image`,
    component,
    spec: pushedAs,
    context: preview ? unknownOutput() : contextOf(place),
    labels: {},
    committedAt: version.committedAt,
    build: subject.build,
    registryAuth: args.registryAuth,
    settled: false,
    hooks: await hooksAround(subject, target, place, content, watch),
  });
  return buildingOf(declared, contextOf(place).context, { spec: target.spec, pushedAs, place: place.name, dockerfile });
}

function contentOf(subject: Subject): ContextContent {
  const { version, build, dockerfile } = subject;
  return {
    dockerfile,
    target: build.target,
    mtime: version.committedAt,
    write: (into) => writeCommit(subject, into),
  };
}

/** The files are there from just before they are built until just after. */
async function hooksAround(
  subject: Subject,
  target: Target,
  place: Place,
  content: ContextContent,
  watch: Watch,
): Promise<pulumi.ResourceHookBinding | undefined> {
  const { component, args, build, dockerfile } = subject;
  let swapped = false;
  const fill = async (wanted: ContextContent) => {
    const files = await prepareContext(wanted);
    try {
      await fillPlace(place, files);
    } finally {
      await files.discard();
    }
  };
  const ofImage = (digest: string) => contentOfImage(`${target.repository}@${digest}`, dockerfile, build.target);
  const retryOrExplain = async (errors: string[]): Promise<boolean> => {
    const words = errors[0] ?? "";
    const held = args.immutableTags ? await heldVersion(subject, target) : undefined;
    if (held !== undefined && !swapped) {
      swapped = true;
      await fill(ofImage(held));
      return true;
    }
    await watch.fail(contextOf(place), errors);
    if (held !== undefined) {
      throw publishedMeanwhile(target, held, words);
    }
    if (!args.immutableTags && refusesToOverwrite(words)) {
      throw scratchTagRefused(target, words);
    }
    return false;
  };
  return hooksFor(component, {
    name: "image",
    before: async () => {
      watch.begin();
      const held = args.immutableTags ? await heldVersion(subject, target) : undefined;
      await fill(held === undefined ? content : ofImage(held));
    },
    after: async ({ oldInputs }) => {
      await emptyPlace(place);
      const before = dockerBuilder.contextIn(oldInputs);
      if (before !== contextOf(place).context) {
        await removePlace(before);
      }
    },
    failed: async ({ errors }) => {
      let isRetried = false;
      try {
        isRetried = await retryOrExplain(errors);
        return isRetried;
      } finally {
        if (!isRetried) {
          await emptyPlace(place);
        }
      }
    },
  });
}

/** The digest that the version's tag serves by now, if it does; throws if that is not this version. */
async function heldVersion(subject: Subject, target: Target): Promise<string | undefined> {
  const held = await target.registry.resolve(target.repository, subject.version.tag);
  if (held) {
    await checkContent(subject, target, held.digest);
  }
  return held?.digest;
}

/** What registries with immutable tags say of a push over one. */
function refusesToOverwrite(words: string): boolean {
  return /immutab|overwrit|already exists|TAG_INVALID/i.test(words);
}

function scratchTagRefused({ repository }: Target, words: string): VersionedImageError {
  return new VersionedImageError(
    "ScratchTagRefused",
    `The registry of ${repository} refuses to have a tag overwritten, and content is pushed under one that is: ` +
      `set immutableTags: true, so that a version is pushed under its own tag at once. The registry's words: ${words}`,
  );
}

function publishedMeanwhile({ spec }: Target, digest: string, words: string): VersionedImageError {
  return new VersionedImageError(
    "PublishedMeanwhile",
    `${spec} was published by another stack meanwhile (${digest}), and the registry refuses ours: run \`pulumi up\` again to ` +
      `use it. The registry's words: ${words}`,
  );
}

/**
 * Where the engine runs an operation on it all the same (it was to be replaced, or is not in the state any more), what is built is the
 * image that the registry has.
 */
async function keep(subject: Subject, own: Own, image: string): Promise<void> {
  const { component, name, args, build, target, version } = subject;
  const place: Place = { name: own.place, dockerfile: own.dockerfile, marker: own.spec };
  await ensureMarked(place);
  const pushedAs =
    args.immutableTags || isScratch(own.pushedAs) || !target
      ? own.pushedAs
      : await scratchSpec(subject, target.repository);
  // A version's own tag can only be given what it has.
  const existing = isScratch(pushedAs) ? image : `${parseReference(own.spec).repository}@${own.digest}`;
  dockerBuilder.declare({
    name: `${name}-image`,
    component,
    spec: pushedAs,
    context: contextOf(place),
    labels: {},
    committedAt: version.committedAt,
    build,
    registryAuth: args.registryAuth,
    settled: true,
    hooks: await hooksFor(component, {
      name: "image",
      before: async () => {
        const files = await prepareContext(contentOfImage(existing, place.dockerfile, undefined));
        try {
          await fillPlace(place, files);
        } finally {
          await files.discard();
        }
      },
      after: () => emptyPlace(place),
      failed: async () => {
        await emptyPlace(place);
        return false;
      },
    }),
  });
}

function prepareDebug(subject: Subject, copied: (files: string[]) => void): Promise<PreparedContext> {
  const { version, build, args, dockerfile } = subject;
  return prepareContext({
    dockerfile,
    target: build.target,
    mtime: undefined,
    write: async (into) =>
      copied(
        await copyContext({ context: path.join(version.root, version.context), paths: args.paths, dockerfile }, into),
      ),
  });
}

async function stageDebug(
  subject: Subject,
  name: string,
  isKnown: boolean,
  files: PreparedContext,
  watch: Watch,
): Promise<Staged> {
  const { component, dockerfile, version } = subject;
  const place = { name, dockerfile, marker: `${version.tag} ${await files.hash()}` };
  if (isKnown) {
    await ensureMarked(place);
  }
  return {
    context: isKnown ? contextOf(place) : unknownOutput(),
    hooks: await hooksFor(component, {
      name: "debug",
      before: () => {
        watch.begin();
        return fillPlace(place, files);
      },
      after: () => emptyPlace(place),
      failed: async ({ errors }) => {
        await watch.fail(contextOf(place), errors).finally(() => emptyPlace(place));
        return false;
      },
    }),
  };
}
