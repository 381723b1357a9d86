export { createRegistryClient, type RegistryClient } from "./client";
export type { Deletion } from "./deleteManifest";
export { mayBePlain } from "./hosts";
export type { ImageConfig } from "./inspect";
export type { Manifest, ManifestContent } from "./manifest";
export { fieldsOf, INDEX_TYPES, isDigest } from "./media";
export { contentsOf, platformOf } from "./platform";
export { isTag, parseReference, parseRepository, type Reference, type Repository } from "./reference";
export type { Refusal } from "./tagManifest";
