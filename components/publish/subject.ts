import * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../args";
import type { BuildInputs } from "../builders";
import type { VersionFiles } from "../context";
import { type Expected, movingTags, type Pushed, type Target } from "../protocol";
import { unknownWithout } from "../pulumi";
import { TagPolicy, type Version } from "../version";

/** An image whose version is known: what both ways of publishing start from. */
export interface Subject {
  component: pulumi.ComponentResource;
  /** The component's name, from which those of its children are made. */
  name: string;
  args: VersionedImageArgs;
  version: Version;
  build: BuildInputs;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** What beside the files decides the content; undefined while a preview can't know it. */
  fingerprint: string | undefined;
  repository: pulumi.Output<string>;
  /** The tags that are written once beside the version's. */
  releaseTags: ReleaseTags;
  /** Where it is published; undefined while a preview can't know the repository or the credentials. */
  target: Target | undefined;
  /** Where a version is copied from that the target lacks; undefined if nowhere, "unknown" while a preview can't know it. */
  copyFrom: Target | "unknown" | undefined;
}

export interface ReleaseTags {
  known: string[];
  /** Whether those are all: a preview may not know the others yet. */
  areKnown: boolean;
}

/** What became of an image. */
export interface Publication {
  /** repository:tag, of what the program is to use. */
  spec: pulumi.Output<string>;
  /** The digest that the tag serves; undefined where what the stack used last was a debug image, and this update leaves out what is none. */
  digest: pulumi.Output<string | undefined>;
  outcome: pulumi.Input<"published" | "adopted" | "copied" | "debug">;
  /** What was pushed for it under a scratch tag, for this stack's next publication. */
  pushed?: Pushed;
}

/** repository:tag, as an output that depends on whatever the repository depends on. */
export function specOf({ repository, version }: Pick<Subject, "repository" | "version">): pulumi.Output<string> {
  return repository.apply((value) => `${value}:${version.tag}`);
}

/** The files that are to be built. */
export function filesOf({ version, args, dockerfile, build }: Subject): VersionFiles {
  return { version, paths: args.paths, dockerfile, target: build.target };
}

/** What a published image must agree with. */
export function expectedOf({ version, args, build, fingerprint }: Subject): Expected {
  const { platforms, knownArgs } = build;
  return { version, tagPolicy: args.tagPolicy ?? TagPolicy.Commit, platforms, fingerprint, args: knownArgs };
}

export function warnOf({ component, name }: Subject, what: string): void {
  pulumi.log.warn(`${name}: ${what}`, component);
}

/** The tags that are to be moved to the image; none for an image that this stack may not write for. Throws InvalidArgument. */
export function movingTagsOf({ args, version }: Pick<Subject, "args" | "version">): string[] {
  const tags = movingTags(args.alsoTag, args.tagPrefix);
  return version.debug || args.publish === false ? [] : tags;
}

/**
 * What is known of an image that the update leaves out and that this stack has never published: as of any resource that is not there, nothing.
 * The engine then refuses those that need it, and nobody else.
 */
export function neverPublished({ component, version }: Subject): Publication {
  return {
    spec: unknownWithout(component),
    digest: unknownWithout(component),
    outcome: version.debug ? "debug" : unknownWithout(component),
  };
}

/** What a VersionedImage gives to the program. */
export interface ImageOutputs {
  tag: pulumi.Output<string>;
  spec: pulumi.Output<string>;
  reference: pulumi.Output<string>;
  digestReference: pulumi.Output<string>;
  digest: pulumi.Output<string>;
  commit: pulumi.Output<string>;
  tree: pulumi.Output<string>;
  covers: pulumi.Output<string[]>;
  source: pulumi.Output<string | undefined>;
  outcome: pulumi.Output<string>;
  /** What was pushed for it, for the stack's next publication: kept among the component's outputs, and no output of the class. */
  pushed?: pulumi.Output<Pushed | undefined>;
}
