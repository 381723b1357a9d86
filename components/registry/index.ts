export { createRegistryClient, type ImageConfig, type Manifest, type RegistryClient } from "./client";
export { parseReference, parseRepository, type Reference, type Repository } from "./reference";
