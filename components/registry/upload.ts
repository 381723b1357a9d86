import { protocol } from "./failure";
import type { Answer } from "./http";
import { redirectTarget } from "./redirect";

/** Where an upload begins. */
export const UPLOADS = "blobs/uploads/";

/**
 * Where an upload goes on and ends with the blob of a digest. Registries put what they know of it into the query, which stays as it is.
 * Throws RegistryProtocol where they name no address, or one to which plain HTTP may not be spoken.
 */
export function uploadAddress(begun: Answer, name: string, digest: string, env: NodeJS.ProcessEnv): URL {
  const { headers, origin, status } = begun;
  const location = headers.get("location");
  if (location === undefined) {
    throw protocol(origin, `status ${status} without a Location for an upload that was to begin`);
  }
  const address = redirectTarget(new URL(`${origin}/v2/${name}/${UPLOADS}`), location, env);
  address.search += `${address.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return address;
}
