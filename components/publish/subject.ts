import type * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../args";
import type { BuildInputs } from "../builders";
import type { Pushed, Target } from "../protocol";
import type { Version } from "../version";

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
  /** Where it is published; undefined while a preview can't know the repository or the credentials. */
  target: Target | undefined;
}

/** What became of an image. */
export interface Publication {
  /** repository:tag, of what the program is to use. */
  spec: pulumi.Output<string>;
  /** The digest that the tag serves; undefined where what the stack used last was a debug image, and this update leaves out what is none. */
  digest: pulumi.Output<string | undefined>;
  outcome: pulumi.Input<"published" | "adopted" | "debug">;
  /** What was pushed for it under a scratch tag, for this stack's next publication. */
  pushed?: Pushed;
}

/** repository:tag, as an output that depends on whatever the repository depends on. */
export function specOf({ repository, version }: Pick<Subject, "repository" | "version">): pulumi.Output<string> {
  return repository.apply((value) => `${value}:${version.tag}`);
}
