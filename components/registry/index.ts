export { createRegistryClient, type RegistryClient } from "./client";
export type { Deletion } from "./deleteManifest";
export { mayBePlain } from "./hosts";
export type { ImageConfig } from "./inspect";
export type { Manifest, ManifestContent } from "./manifest";
export { INDEX_TYPES } from "./media";
export { isTag, parseReference, parseRepository, type Reference, type Repository } from "./reference";
export type { Refusal } from "./tagManifest";
