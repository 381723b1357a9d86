export { OLDEST_BUILDKIT, tooOldBuildKit } from "./buildKitVersion";
export { lastLinesOfBuild } from "./buildOutput";
export { requireBuilder } from "./buildxInstance";
export { builtImageId } from "./builtImage";
export { imageExport, layoutExport } from "./imageExport";
