import { decodeAuth, type UserPassword } from "./credentials";
import { fieldOf, firstValue, isRecord } from "./looseJson";

/** The variable by which Docker's client is given credentials that go before those of its file and stores. */
const VARIABLE = "DOCKER_AUTH_CONFIG";

/** The credentials for a key of Docker's configuration that are in the environment. */
export function environmentCredentials(key: string, env: NodeJS.ProcessEnv): UserPassword | undefined {
  const read = readEnvironment(env);
  return typeof read === "string" ? undefined : read.get(key);
}

/** Why the variable is not used, as Docker's client does not use it either, if that is so. */
export function ignoredEnvironment(env: NodeJS.ProcessEnv): string | undefined {
  const read = readEnvironment(env);
  return typeof read === "string" ? `${VARIABLE} is not used, as Docker does not use it: ${read}` : undefined;
}

/** Its credentials, or why it has none: it may hold nothing else than {"auths": {"HOST": {"auth": "…"}}}. */
function readEnvironment(env: NodeJS.ProcessEnv): Map<string, UserPassword> | string {
  let value: unknown;
  let rest: string;
  try {
    ({ value, rest } = firstValue(env[VARIABLE] ?? ""));
  } catch {
    // What the parser says quotes the text, and so may quote a secret.
    return "it is not JSON";
  }
  const config = value ?? {};
  if (!isRecord(config) || /^[^\]}]/.test(rest)) {
    return "it is not one JSON object";
  }
  if (Object.keys(config).some((name) => name.toLowerCase() !== "auths")) {
    return "it may hold auths and nothing else";
  }
  const auths = fieldOf(config, "auths") ?? {};
  if (!isRecord(auths)) {
    return "its auths are not a JSON object";
  }
  const credentials = new Map<string, UserPassword>();
  for (const [key, entry] of Object.entries(auths)) {
    const auth = isRecord(entry) && Object.keys(entry).every((name) => name.toLowerCase() === "auth");
    const found = auth ? fieldOf(entry, "auth") : undefined;
    const decoded = typeof found === "string" ? decodeAuth(found) : undefined;
    if (!decoded) {
      return `its entry for ${JSON.stringify(key)} is not {"auth": base64 of user:password} alone`;
    }
    credentials.set(key, decoded);
  }
  return credentials;
}
