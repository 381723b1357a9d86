export { isScratchTag, scratchTag } from "./scratchTag";
export { digitsOfTag, isDebugTag } from "./debugTag";
export { decideVersion, type VersionOptions } from "./decide";
export { describeVersion } from "./describe";
export type { Change, Commit, Facts } from "./facts";
export * from "./labels";
export { TagPolicy } from "./tagPolicy";
export type { Version } from "./version";
