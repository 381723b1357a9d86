export { type BaseImage, Builder, type BuildOptions, type RegistryAuth, type VersionedImageArgs } from "./args";
export { type BakeOptions, bakeImages } from "./bakeImages";
export { type ErrorCode, VersionedImageError } from "./errors";
export { TagPolicy } from "./version";
export { VersionedImage } from "./versionedImage";
