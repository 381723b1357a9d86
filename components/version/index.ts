/**
 * The rules, without any I/O: which version an image has, what its labels say, and whether a published image is that
 * version.
 */

export {
  buildLabel,
  buildPart,
  fingerprintOf,
  REPRODUCIBLE_EXPORT,
  REPRODUCIBLE_TIME,
  sourceDateEpoch,
} from "./buildLabel";
export {
  contextNameOf,
  DEFAULT_PLATFORM,
  isBaseName,
  type NamedContexts,
  namedContexts,
  platformsOf,
} from "./buildOptions";
export {
  builtOtherwise,
  checkPublished,
  differingLabels,
  type Expectation,
  labelledVersion,
  mayRunOn,
} from "./checkPublished";
export { isWithin, outermost, pathFromRoot, shownPath, shownPaths } from "./covers";
export { decideVersion, type VersionOptions } from "./decide";
export { age, type Changes, describeChanges, describeVersion, duration, Fate, plain, summarize } from "./describe";
export * from "./labels";
export { mergeRequestNotice } from "./mergeRequest";
export { TagPolicy } from "./tagPolicy";
export { digitsOfTag, isDebugTag, isScratchTag, prefixOfTag, productionTag, scratchTag } from "./tags";
export type { Change, Commit, Facts, Version } from "./version";
