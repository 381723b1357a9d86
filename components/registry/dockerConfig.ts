import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { ifThere } from "../files";
import { askHelper } from "./credentialHelper";
import { type Credentials, decodeAuth, hostnameOf, type UserPassword } from "./credentials";
import { defaultStore } from "./defaultStore";
import { fieldsOf, isObject } from "./json";

/** Docker Hub's name in a Docker configuration. */
const DOCKER_HUB = "https://index.docker.io/v1/";

/** The variable by which Docker's client is given credentials that go before those of its file and stores. */
const VARIABLE = "DOCKER_AUTH_CONFIG";

/** What of a Docker configuration credentials are found by. */
interface DockerConfig {
  file: string;
  auths: Record<string, unknown>;
  /** By registry; an empty one turns the store off for that. */
  helpers: Record<string, unknown>;
  store: unknown;
}

/**
 * The user's credentials for a registry, by the rules of Docker's own client: from DOCKER_AUTH_CONFIG; else from the credential
 * helper that Docker's configuration ($DOCKER_CONFIG or ~/.docker) names for the registry or for all; where it names no
 * credentials at all, from the system's helper if that is installed; else from the file itself. Undefined if there are none: what
 * a helper does not have is not looked for in the file. Throws CredentialsFailed where these can't be read.
 */
export async function userCredentials(host: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const key = host === "docker.io" || host === "index.docker.io" ? DOCKER_HUB : host;
  const given = environmentCredentials(env)?.get(key);
  if (given) {
    return given;
  }
  const config = await readConfig(env);
  const stored = storedIn(config, key);
  const helper = await helperFor(config, key, env);
  if (!helper) {
    return stored;
  }
  const found = await askHelper(String(helper), key, env);
  return stored?.registryToken ? { ...found, registryToken: stored.registryToken } : found;
}

async function helperFor(
  { auths, helpers, store }: DockerConfig,
  key: string,
  env: NodeJS.ProcessEnv,
): Promise<unknown> {
  if (Object.hasOwn(helpers, key)) {
    return helpers[key];
  }
  const namesNone = !store && Object.keys(auths).length === 0 && Object.keys(helpers).length === 0;
  return namesNone ? defaultStore(env) : store;
}

/** Why DOCKER_AUTH_CONFIG is not used, as Docker's client does not use it either, if that is so. */
export function ignoredEnvironment(env: NodeJS.ProcessEnv): string | undefined {
  return environmentCredentials(env)
    ? undefined
    : `${VARIABLE} is ignored, as by Docker: it can contain only {"auths": {"HOST": {"auth": base64 of user:password}}}`;
}

/** What the variable holds, by registry; undefined if there is anything else in it. */
function environmentCredentials(env: NodeJS.ProcessEnv): Map<string, UserPassword> | undefined {
  const config = parsed(env[VARIABLE] ?? "");
  const { auths = {}, ...others } = fieldsOf(config);
  const credentials = new Map<string, UserPassword>();
  for (const [key, entry] of Object.entries(fieldsOf(auths))) {
    const { auth, ...more } = fieldsOf(entry);
    const decoded = Object.keys(more).length === 0 ? decodeAuth(String(auth)) : undefined;
    if (!decoded) {
      return undefined;
    }
    credentials.set(key, decoded);
  }
  return isObject(config) && isObject(auths) && Object.keys(others).length === 0 ? credentials : undefined;
}

async function readConfig(env: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const file = path.join(env.DOCKER_CONFIG || path.join(env.HOME || homedir(), ".docker"), "config.json");
  const text = await ifThere(readFile(file, "utf8"), ["ENOENT"]).catch((error: Error) => {
    throw failed(file, `can't be read: ${error.message}`);
  });
  const config = parsed(text ?? "");
  const { auths, credHelpers, credsStore: store } = fieldsOf(config);
  if (![config, auths ?? {}, credHelpers ?? {}].every(isObject)) {
    throw failed(file, "is not JSON as docker login writes it");
  }
  return { file, auths: fieldsOf(auths), helpers: fieldsOf(credHelpers), store };
}

/** An empty text is an empty object, and what is no JSON is nothing. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trim() || "{}") ?? {};
  } catch {
    // What the parser says quotes the text, and so may quote a secret.
    return undefined;
  }
}

function storedIn({ auths, file }: DockerConfig, key: string): Credentials | undefined {
  // Keys were addresses once.
  const name = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((other) => hostnameOf(other) === key);
  const entry = fieldsOf(name === undefined ? undefined : auths[name]);
  const text = (field: string) => {
    const value = entry[field];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const credentials: Credentials = {
    username: text("username"),
    password: text("password"),
    identityToken: text("identitytoken"),
    registryToken: text("registrytoken"),
  };
  // Nothing else can stand in a header.
  if (!/^[\x21-\x7e]*$/.test(credentials.registryToken ?? "")) {
    throw failed(file, `has an entry for ${key} whose registrytoken is not a token`);
  }
  const auth = text("auth");
  const decoded = auth === undefined ? {} : decodeAuth(auth);
  if (!decoded) {
    throw failed(file, `has an entry for ${key} whose auth is not base64 of user:password`);
  }
  return Object.values({ ...credentials, ...decoded }).some((value) => value)
    ? { ...credentials, ...decoded }
    : undefined;
}

function failed(file: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `Docker's configuration ${file} ${what}. Correct it, or run docker login again.`,
  );
}
