import { Builder } from "../args";
import type { ImageBuilder } from "./builder";
import { buildKitBuilder } from "./buildKitImage";
import { dockerBuilder } from "./dockerImage";

export { type BaseCovers, basesOf } from "./bases";
export type { Content, ContentRequest, ImageBuilder } from "./builder";
export { type BuildInputs, buildFingerprint, DEFAULT_PLATFORM, resolveBuild } from "./buildInputs";
export { requireBuildKit } from "./buildKitImage";
export { contextDirectories } from "./buildKitOptions";
export { OLDEST_BUILDKIT, tooOldBuildKit } from "./buildKitVersion";
export { lastLinesOfBuild } from "./buildOutput";
export { requireBuilder } from "./buildxInstance";
export { builtImageId } from "./builtImage";

const BUILDERS: Record<Builder, ImageBuilder> = {
  [Builder.Docker]: dockerBuilder,
  [Builder.BuildKit]: buildKitBuilder,
};

/** What builds as a program asks for. */
export function builderOf(builder: Builder): ImageBuilder {
  return BUILDERS[builder];
}
