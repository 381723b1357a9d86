export type { Builder, Content, ContentRequest } from "./builder";
export { type BuildInputs, buildFingerprint, DEFAULT_PLATFORM, resolveBuild } from "./buildInputs";
export { dockerBuilder } from "./dockerImage";
