import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { askHelper } from "./credentialHelper";
import { type Credentials, decodeAuth } from "./credentials";
import { defaultStore } from "./defaultStore";
import { environmentCredentials } from "./dockerAuthConfig";
import { fieldOf, firstValue, isRecord } from "./looseJson";

/** Docker Hub's name in a Docker configuration. */
const DOCKER_HUB = "https://index.docker.io/v1/";

/** What of a Docker configuration credentials are found by. */
interface DockerConfig {
  file: string;
  auths: Record<string, unknown>;
  /** By registry; an empty one turns the store off for that. */
  helpers: Record<string, string>;
  store: string | undefined;
}

/**
 * The user's credentials for a registry, by the rules of Docker's own client: from DOCKER_AUTH_CONFIG; else from the credential
 * helper that Docker's configuration ($DOCKER_CONFIG or ~/.docker) names for the registry or for all; where it names no
 * credentials at all, from the system's helper if that is installed; else from the file itself. Undefined if there are none: what
 * a helper does not have is not looked for in the file. Throws CredentialsFailed where these can't be read.
 */
export async function userCredentials(host: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const key = host === "docker.io" || host === "index.docker.io" ? DOCKER_HUB : host;
  const given = environmentCredentials(key, env);
  if (given) {
    return given;
  }
  const config = await readConfig(env);
  const stored = storedIn(config, key);
  const helper = await helperFor(config, key, env);
  if (helper === undefined) {
    return stored;
  }
  const found = await askHelper(helper, key, env);
  return stored?.registryToken ? { ...found, registryToken: stored.registryToken } : found;
}

async function helperFor(config: DockerConfig, key: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { auths, helpers, store } = config;
  if (Object.hasOwn(helpers, key)) {
    return helpers[key] || undefined;
  }
  const namesNone = !store && Object.keys(auths).length === 0 && Object.keys(helpers).length === 0;
  return namesNone ? defaultStore(env) : store;
}

async function readConfig(env: NodeJS.ProcessEnv): Promise<DockerConfig> {
  const file = path.join(env.DOCKER_CONFIG || path.join(env.HOME || homedir(), ".docker"), "config.json");
  const config = objectIn(await readText(file), file);
  const auths = fieldOf(config, "auths") ?? {};
  const helpers = fieldOf(config, "credHelpers") ?? {};
  const store = fieldOf(config, "credsStore") ?? "";
  if (!isRecord(auths) || !Object.values(auths).every((entry) => entry === null || isRecord(entry))) {
    throw failed(file, "has auths that are not objects, one for each registry");
  }
  if (!isRecord(helpers) || !Object.values(helpers).every((name) => name === null || typeof name === "string")) {
    throw failed(file, "has credHelpers that are not names, one for each registry");
  }
  if (typeof store !== "string") {
    throw failed(file, "has a credsStore that is not a name");
  }
  const named = Object.entries(helpers).map(([key, name]) => [key, name ?? ""] as const);
  return { file, auths, helpers: Object.fromEntries(named) as Record<string, string>, store: store || undefined };
}

/** No file is an empty one. */
async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return "";
    }
    throw failed(file, `can't be read: ${(error as Error).message}`);
  }
}

function objectIn(text: string, file: string): Record<string, unknown> {
  try {
    const { value } = firstValue(text);
    const config = value ?? {};
    if (isRecord(config)) {
      return config;
    }
  } catch {
    // What the parser says quotes the file, and so may quote a secret.
  }
  throw failed(file, "is not a JSON object");
}

function storedIn({ auths, file }: DockerConfig, key: string): Credentials | undefined {
  const name = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((other) => hostnameOf(other) === key);
  const entry = name === undefined ? undefined : auths[name];
  if (!isRecord(entry)) {
    return undefined;
  }
  const text = (field: string) => {
    const value = fieldOf(entry, field);
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
    throw failed(file, `has an entry for ${key} whose registrytoken is no token`);
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

/** The host, with its port, of a key from the time when these were addresses, such as https://h.example/v1/. */
function hostnameOf(key: string): string {
  const [, , authority = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(key) ?? [];
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority.slice(authority.lastIndexOf("@") + 1)) ?? [];
  const host = bracketed ?? plain ?? "";
  if (host !== "") {
    return port ? `${host.includes(":") ? `[${host}]` : host}:${port}` : host;
  }
  const rest = key.slice(key.indexOf("://") < 0 ? 0 : key.indexOf("://") + "://".length).split("/")[0] ?? "";
  const [, address, last] = key.includes("://") ? (/^([^[][\s\S]*:[\s\S]*):(\d+)$/.exec(rest) ?? []) : [];
  return address === undefined ? rest : `[${address}]:${last}`;
}

function failed(file: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `Docker's configuration ${file} ${what}. Mend it, or run docker login again.`,
  );
}
