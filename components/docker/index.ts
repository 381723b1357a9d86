/** What the docker command is asked and told: versions, builders, exports, the output of a build. */

export { OLDEST_BUILDKIT, tooOldBuildKit } from "./buildKitVersion";
export { lastLinesOfBuild } from "./buildOutput";
export { requireBuilder } from "./buildxInstance";
export { builtImageId } from "./builtImage";
export { imageExport, joinFields, layoutExport } from "./imageExport";
