/** Registries: references, credentials, and a client of the distribution API, which is asked for facts and for content. */

export { createRegistryClient, type RegistryClient } from "./client";
export type { Deletion } from "./deleteManifest";
export type { Descriptor, Manifest, ManifestContent } from "./descriptor";
export { digestOf, isDigest } from "./descriptor";
export { isLoopback, mayBePlain } from "./hosts";
export type { ImageConfig } from "./inspect";
export { fieldsOf } from "./json";
export type { Labelled } from "./labelImage";
export { INDEX_TYPES, MANIFEST_TYPES } from "./media";
export { contentsOf, platformOf } from "./platform";
export { isTag, parseReference, parseRepository, type Reference, type Repository } from "./reference";
export { type Referrer, referrersIn } from "./referrers";
export { pauseBefore } from "./retry";
export type { Unanswered } from "./session";
export type { Look, Put, StrictCalls } from "./strictCalls";
export type { Refusal } from "./tagManifest";
export type { PutManifest, Transfers } from "./transfers";
export { AT_ONCE } from "./turns";
