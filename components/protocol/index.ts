/** How a version is published, whoever asks for it: rules over ports, and nothing of Pulumi. */
export { createClock } from "./clock";
export { notPublished } from "./errors";
export type { Built, Clock, Last, Ports, Publication, Publishing, Pushed, RegistryPort, Say } from "./ports";
export { publishDebugContent, publishedAsIs } from "./publishDebug";
export { publishVersion } from "./publishVersion";
export { freeScratchTag, refusesToMoveTags } from "./scratchTags";
