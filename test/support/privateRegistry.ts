import { OwnRegistry } from "./ownRegistry";

export const USER = "user";
/** A password that is looked for wherever it must not be. */
export const CANARY = "canary-5f3a-secret";
/** Its bcrypt hash, as `htpasswd -nbB` prints it. */
const HASH = "$2b$04$JVuSirx4HoUXUO..JElhzuM/bDJZPY.O2XkVTyREud2WSUbLoBf2m";

/** A real registry on 127.0.0.1 that wants a user's name and password. */
export function startPrivateRegistry(): Promise<OwnRegistry> {
  return OwnRegistry.start(`${USER}:${HASH}\n`);
}
