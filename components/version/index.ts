/**
 * The rules, without any I/O: which version an image has, what its labels say, and whether a published image is that
 * version.
 */

export { contextNameOf, isBaseName } from "./baseNames";
export { type BuildDescription, buildLabel, buildPart, fingerprintOf, type KnownBuild } from "./buildLabel";
export { type Changes, describeChanges } from "./changes";
export {
  builtOtherwise,
  checkPublished,
  differingLabels,
  type Expectation,
  mayRunOn,
  type PublishedImage,
} from "./checkPublished";
export { isWithin, outermost, pathFromRoot, shownPath, shownPaths } from "./covers";
export { digitsOfTag, isDebugTag, productionTag } from "./debugTag";
export { decideVersion, type VersionOptions } from "./decide";
export { age, describeVersion, duration } from "./describe";
export type { Base, Change, Commit, Facts } from "./facts";
export { labelledVersion } from "./labelledVersion";
export * from "./labels";
export { mergeRequestNotice } from "./mergeRequest";
export { type NamedContexts, namedContexts } from "./namedContexts";
export { plain } from "./plain";
export { DEFAULT_PLATFORM, platformsOf } from "./platforms";
export { REPRODUCIBLE_EXPORT, REPRODUCIBLE_TIME, sourceDateEpoch } from "./reproducible";
export { isScratchTag, scratchTag } from "./scratchTag";
export { type LabelledBase, type LabelledSource, labelledSource, saysSource, sourceLabels } from "./sourceLabels";
export { Fate, summarize } from "./summary";
export { TagPolicy } from "./tagPolicy";
export type { Version } from "./version";
