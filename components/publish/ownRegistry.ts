import { createRegistryClient, type RegistryClient } from "../registry";

let shared: RegistryClient | undefined;

/** One session for all images that use the user's own credentials. */
export function ownRegistry(): RegistryClient {
  shared ??= createRegistryClient();
  return shared;
}
