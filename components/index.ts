export type { BuildOptions, RegistryAuth, VersionedImageArgs } from "./args";
export { type ErrorCode, VersionedImageError } from "./errors";
export { TagPolicy } from "./version";
export { VersionedImage } from "./versionedImage";
