export { checkPublished, type Expectation, type PublishedImage } from "./checkPublished";
export { digitsOfTag, isDebugTag } from "./debugTag";
export { decideVersion, type VersionOptions } from "./decide";
export { age, describeVersion } from "./describe";
export type { Change, Commit, Facts } from "./facts";
export * from "./labels";
export { isScratchTag, scratchTag } from "./scratchTag";
export { TagPolicy } from "./tagPolicy";
export type { Version } from "./version";
