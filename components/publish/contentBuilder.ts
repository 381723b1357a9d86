import * as pulumi from "@pulumi/pulumi";
import { builderOf, type Content, type ContentRequest } from "../builders";
import { type BuildContext, type PreparedContext, removePlace } from "../context";
import type { Built, Target } from "../protocol";
import { hooksFor, knownValue } from "../pulumi";
import type { Own } from "./record";
import type { BuildProgress } from "./sayBuildFailed";
import type { Subject } from "./subject";

/** A version's content, as it is being built. */
export interface Building {
  content: Content;
  /** What the state is to keep of it, but for the digest. */
  own: Omit<Own, "digest" | "pushedAs"> & { pushedAs: pulumi.Input<string> };
  /** What was pushed; undefined while a preview can't know it, and where the update leaves the builder's resource out. */
  built: Built | undefined;
  /** Whether the update leaves the builder's resource out, so that nothing was built. */
  leftOut: boolean;
}

/** Asks for a tag under which content may be pushed; undefined in a preview, which can't know it. */
export type ScratchTag = (() => Promise<string>) | undefined;

/** What a builder builds from, and what is done around it. */
export interface Staged {
  context: pulumi.Input<BuildContext>;
  hooks: pulumi.ResourceHookBinding | undefined;
}

/** How contents reach one of the builders, and what the program declares of them. */
export interface ContentBuilder {
  /**
   * Has a version built from its commit and pushed without touching the version's tag: under the scratch tag, or by digest alone. Each call
   * builds anew, since each has a place of its own; what the builder still has in its cache it takes from there.
   */
  build(subject: Subject, target: Target, progress: BuildProgress, scratchTag: ScratchTag): Promise<Building>;
  /** Declares what this stack built for a version that is published, so that it stays in the state as it is. */
  keep(subject: Subject, own: Own, image: string): Promise<void>;
  /** Copies what is on disk, as it is to be built. */
  prepareDebug(subject: Subject, copied: (files: string[]) => void): Promise<PreparedContext>;
  /**
   * Puts a copy of what is on disk where the builder looks for it; `place` is known unless this is a preview that can't
   * know it.
   */
  stageDebug(
    subject: Subject,
    place: string,
    isKnown: boolean,
    files: PreparedContext,
    progress: BuildProgress,
  ): Promise<Staged>;
  /** Whether it can't push by digest alone. */
  needsScratchTag: boolean;
  /** Where content is pushed that has no tag of its own yet; unknown while a preview can't know the scratch tag that it takes. */
  pushesTo(repository: string, scratchTag: string | undefined): pulumi.Input<string>;
  /** What a builder's resource has pushed, under a scratch tag of a repository or by digest alone. */
  builtOf(digest: string, repository: string, scratchTag: string | undefined): Built;
}

/** What is the same of all that is declared of an image: its content, or that of its debug image. */
export function requestFor(
  { component, name, args, version, build }: Subject,
  kind: "image" | "debug",
): Pick<ContentRequest, "name" | "component" | "committedAt" | "build" | "registryAuth"> {
  const committedAt = kind === "image" ? version.committedAt : undefined;
  return { name: `${name}-${kind}`, component, committedAt, build, registryAuth: args.registryAuth };
}

/** Files are put where the builder looks for them just before they are built, and taken away again; those of the image before are removed. */
export function hooksAround(
  { component, build }: Subject,
  kind: "image" | "debug",
  progress: BuildProgress,
  context: BuildContext,
  files: { fill(): Promise<void>; empty(): Promise<void> },
): Promise<pulumi.ResourceHookBinding | undefined> {
  return hooksFor(component, {
    name: kind,
    before: () => progress.begin(files.fill),
    after: async ({ oldInputs }) => {
      await files.empty();
      const before = builderOf(build.builder).contextIn(oldInputs);
      if (kind === "image" && before !== context.context) {
        await removePlace(before);
      }
    },
    failed: async ({ errors }) => {
      await progress.fail(context, errors).finally(files.empty);
      return false;
    },
  });
}

/** What became of a content that was declared to be built from a context; nothing is known of it in a preview. */
export async function buildingOf(
  content: Content,
  context: string,
  own: Building["own"],
  builtOf: (digest: string) => Built,
): Promise<Building> {
  const [builtFrom, digest] = await Promise.all([knownValue(content.context), knownValue(content.digest)]);
  const isPreview = pulumi.runtime.isDryRun();
  const leftOut = isPreview
    ? digest !== undefined
    : digest === undefined || (builtFrom !== undefined && builtFrom !== context);
  return { content, own, built: leftOut || digest === undefined ? undefined : builtOf(digest), leftOut };
}
