import * as pulumi from "@pulumi/pulumi";
import type { Content } from "../builders";
import type { BuildContext, PreparedContext } from "../context";
import { knownValue } from "../pulumi";
import type { Own } from "./record";
import type { Subject, Target } from "./subject";
import type { Watch } from "./watch";

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

/** What a builder builds from, and what is done around it. */
export interface Staged {
  context: pulumi.Input<BuildContext>;
  hooks: pulumi.ResourceHookBinding | undefined;
}

/** How contents reach one of the builders, and what the program declares of them. */
export interface ContentBuilder {
  /**
   * Has a version built from its commit and pushed without touching the version's tag. Each call builds anew, since each has a place of
   * its own; what the builder still has in its cache it takes from there.
   */
  build(subject: Subject, target: Target, watch: Watch): Promise<Building>;
  /** Declares what this stack built for a version that is published, so that it stays in the state as it is. */
  keep(subject: Subject, own: Own, image: string): Promise<void>;
  /** Copies what is on disk, as it is to be built. */
  prepareDebug(subject: Subject, copied: (files: string[]) => void): Promise<PreparedContext>;
  /**
   * Puts a copy of what is on disk where the builder looks for it; `place` is known unless this is a preview that can't
   * know it.
   */
  stageDebug(subject: Subject, place: string, isKnown: boolean, files: PreparedContext, watch: Watch): Promise<Staged>;
}

/** What became of a content that was declared to be built from a context; nothing is known of it in a preview. */
export async function buildingOf(content: Content, context: string, own: Building["own"]): Promise<Building> {
  const [builtFrom, digest] = await Promise.all([knownValue(content.context), knownValue(content.digest)]);
  const isPreview = pulumi.runtime.isDryRun();
  return {
    content,
    own,
    digest,
    leftOut: isPreview
      ? digest !== undefined
      : digest === undefined || (builtFrom !== undefined && builtFrom !== context),
  };
}
