import type * as pulumi from "@pulumi/pulumi";
import type { RegistryAuth } from "../args";
import type { BuildContext } from "../context";
import type { BuildInputs } from "./buildInputs";

/** A content that a stack has built, or will have. */
export interface ContentRequest {
  /** The resource's name. */
  name: string;
  component: pulumi.ComponentResource;
  /**
   * Where the content is pushed: the repository alone, to push by digest; else repository:tag, which is never a version's own,
   * unless the registry keeps tags from being overwritten.
   */
  spec: pulumi.Input<string>;
  /** Where the builder finds the files. */
  context: pulumi.Input<BuildContext>;
  /** What the image is to say of itself, where the Dockerfile does not say it already. */
  labels: pulumi.Input<Record<string, string>>;
  /** The time of the commit that is built; undefined for what is on disk. */
  committedAt: Date | undefined;
  build: BuildInputs;
  registryAuth: RegistryAuth | undefined;
  /** Whether the content is published: whatever the program says of how it is built, nothing is to be built any more. */
  settled: boolean;
  hooks: pulumi.ResourceHookBinding | undefined;
}

/** What a builder has pushed. */
export interface Content {
  resource: pulumi.Resource;
  /** The content's digest in the registry. */
  digest: pulumi.Output<string>;
  /** The context that it was built from, relative to the working directory. */
  context: pulumi.Output<string>;
}

/** Builds a content and pushes it. */
export interface ImageBuilder {
  declare(request: ContentRequest): Content;
  /** The context in the inputs of a resource of this builder, as a state has them. */
  contextIn(inputs: Record<string, unknown> | undefined): unknown;
}
