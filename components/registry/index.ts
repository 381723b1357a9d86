export { createRegistryClient, type Manifest, type RegistryClient } from "./client";
export type { ImageConfig } from "./inspect";
export { parseReference, parseRepository, type Reference, type Repository } from "./reference";
