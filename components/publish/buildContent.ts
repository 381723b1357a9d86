import * as pulumi from "@pulumi/pulumi";
import { type Content, dockerBuilder } from "../builders";
import {
  type ContextContent,
  contentOfImage,
  contextOf,
  emptyPlace,
  ensureMarked,
  fillPlace,
  newPlaceName,
  type Place,
  prepareContext,
  removePlace,
} from "../context";
import { VersionedImageError } from "../errors";
import { exportCommit } from "../git";
import { hooksFor, knownValue, unknownOutput } from "../pulumi";
import { parseReference } from "../registry";
import { imageLabels } from "../version";
import { checkContent } from "./checkContent";
import type { Own } from "./record";
import { isScratch, scratchSpec } from "./scratchSpec";
import type { Subject, Target } from "./subject";

/** A version's content, as it is being built. */
export interface Building {
  content: Content;
  /** What the state is to keep of it, but for the digest. */
  own: Omit<Own, "digest">;
  /** The digest; undefined while a preview can't know it. */
  digest: string | undefined;
  /** Whether the update leaves the builder's resource out, so that nothing was built. */
  leftOut: boolean;
}

/**
 * Has a version built from its commit and pushed under a tag that is not the version's own (with immutable tags: under the
 * version's own, which can then be written but once). Each call builds anew, since each has a place of its own; what the
 * builder still has in its cache it takes from there.
 */
export async function buildContent(subject: Subject, target: Target): Promise<Building> {
  const { component, name, args, build, dockerfile } = subject;
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
    build,
    registryAuth: args.registryAuth,
    settled: false,
    hooks: await hooksAround(subject, target, place, content),
  });
  const [builtFrom, digest] = await Promise.all([knownValue(declared.context), knownValue(declared.digest)]);
  return {
    content: declared,
    own: { spec: target.spec, pushedAs, place: place.name, dockerfile },
    digest,
    leftOut: preview
      ? digest !== undefined
      : digest === undefined || (builtFrom !== undefined && builtFrom !== contextOf(place).context),
  };
}

function contentOf(subject: Subject): ContextContent {
  const { component, name, version, build, dockerfile, fingerprint } = subject;
  return {
    dockerfile,
    target: build.target,
    labels: imageLabels(version, fingerprint),
    mtime: version.committedAt,
    write: async (into) => {
      const { filters } = await exportCommit(version, into);
      const undoing = filters.filter((filter) => filter !== "lfs");
      if (undoing.length > 0) {
        pulumi.log.warn(
          `${name}: files go through git's ${undoing.length === 1 ? "filter" : "filters"} ${undoing.join(", ")}: whoever can pull the ` +
            "image can read what these undo, an encryption for instance.",
          component,
        );
      }
    },
  };
}

/** The files are there from just before they are built until just after. */
async function hooksAround(
  subject: Subject,
  target: Target,
  place: Place,
  content: ContextContent,
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
  return hooksFor(component, {
    name: "image",
    before: async () => {
      const held = args.immutableTags ? await heldVersion(subject, target) : undefined;
      await fill(held === undefined ? content : ofImage(held));
    },
    after: async ({ oldInputs }) => {
      await emptyPlace(place);
      const before = (oldInputs?.build as { context?: unknown } | undefined)?.context;
      if (before !== contextOf(place).context) {
        await removePlace(before);
      }
    },
    failed: async ({ errors }) => {
      await emptyPlace(place);
      const words = errors[0] ?? "";
      if (!args.immutableTags) {
        if (refusesToOverwrite(words)) {
          throw scratchTagRefused(target, words);
        }
        return false;
      }
      const held = await heldVersion(subject, target);
      if (held === undefined) {
        return false;
      }
      if (swapped) {
        throw publishedMeanwhile(target, held, words);
      }
      swapped = true;
      await fill(ofImage(held));
      return true;
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
 * Declares what this stack built for a version that is published, so that it stays in the state as it is. Where the engine
 * runs an operation on it all the same (it was to be replaced, or is not in the state any more), what is built is the
 * image that the registry has.
 */
export async function settledContent(subject: Subject, own: Own, image: string): Promise<void> {
  const { component, name, args, build, target } = subject;
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
