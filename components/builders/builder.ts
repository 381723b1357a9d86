import type * as pulumi from "@pulumi/pulumi";
import type { RegistryAuth } from "../args";
import type { BuildContext } from "../context";
import type { BuildInputs } from "./buildInputs";

/** A content that a stack has built, or will have. */
export interface ContentRequest {
  /** The resource's name. */
  name: string;
  component: pulumi.ComponentResource;
  /** repository:tag under which the content is pushed; never a version's own tag, unless the registry keeps tags from being overwritten. */
  spec: pulumi.Input<string>;
  /** Where the builder finds the files. */
  context: pulumi.Input<BuildContext>;
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
export interface Builder {
  declare(request: ContentRequest): Content;
}
