/** How a version is published, whoever asks for it: rules over ports, and nothing of Pulumi. */
export { moveTags, movingTags } from "./alsoTag";
export { checkBase } from "./checkBase";
export { checkContent, type Expected, overwritten, proveServed } from "./checkContent";
export { createClock } from "./clock";
export type { Built, Clock, Last, Ports, Publication, Publishing, Pushed, RegistryPort, Say, Tagging } from "./ports";
export { publishDebugContent, publishedAsIs } from "./publishDebug";
export { findPublished, publishVersion } from "./publishVersion";
export { registryPort } from "./registryPort";
export { checkReleaseTags, type Releasing, releaseTagsOf, setReleaseTags } from "./releaseTags";
export { releasingOf } from "./releaseTaken";
export { freeScratchTag, refusesToMoveTags } from "./scratchTags";
export { tagOnce } from "./tagOnce";
export type { Target } from "./target";
