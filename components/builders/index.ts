/**
 * What builds and pushes in a program: one interface over the resources of Pulumi's two providers, and the build
 * options that they are given.
 */

import { Builder } from "../args";
import type { ImageBuilder } from "./builder";
import { buildKitBuilder } from "./buildKitImage";
import { dockerBuilder } from "./dockerImage";

export { basesOf } from "./bases";
export type { Content, ContentRequest } from "./builder";
export { type BuildInputs, buildFingerprint, resolveBuild } from "./buildInputs";
export { requireBuildKit } from "./buildKitImage";
export { contextDirectories } from "./buildKitOptions";

const BUILDERS: Record<Builder, ImageBuilder> = {
  [Builder.Docker]: dockerBuilder,
  [Builder.BuildKit]: buildKitBuilder,
};

/** What builds as a program asks for. */
export function builderOf(builder: Builder): ImageBuilder {
  return BUILDERS[builder];
}
