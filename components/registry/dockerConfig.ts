import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { askHelper } from "./credentialHelper";

/** What a registry may be shown. */
export interface Credentials {
  username?: string;
  password?: string;
  /** What a token service takes for a password (an OAuth 2 refresh token). */
  identityToken?: string;
  /** A token for the registry itself. */
  registryToken?: string;
  /** Whether the program gave them itself, so that no login of the user changes them. */
  explicit?: true;
}

/** Docker Hub's name in a Docker configuration. */
const DOCKER_HUB = "https://index.docker.io/v1/";

/**
 * The user's credentials for a registry, from Docker's configuration ($DOCKER_CONFIG or ~/.docker) and its credential
 * helpers; undefined if there are none. Throws CredentialsFailed where these can't be read.
 */
export async function userCredentials(host: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const file = path.join(env.DOCKER_CONFIG || path.join(env.HOME || homedir(), ".docker"), "config.json");
  const config = await readConfig(file);
  const key = canonicalHost(host) === "docker.io" ? DOCKER_HUB : host;
  const helper = stringIn(config.credHelpers, key) ?? stringIn(config.credHelpers, host) ?? asString(config.credsStore);
  const stored = helper ? await askHelper(helper, key, env) : undefined;
  return stored ?? fromAuths(config.auths, host, file);
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return {};
    }
    throw failed(file, `can't be read: ${(error as Error).message}`);
  }
  try {
    const config: unknown = JSON.parse(text);
    if (isRecord(config)) {
      return config;
    }
  } catch {
    // What the parser says quotes the file, and so may quote a secret.
  }
  throw failed(file, "is not a JSON object");
}

function fromAuths(auths: unknown, host: string, file: string): Credentials | undefined {
  if (!isRecord(auths)) {
    return undefined;
  }
  const matching = Object.entries(auths).filter(([key]) => canonicalHost(key) === canonicalHost(host));
  const entry = (matching.find(([key]) => key === host) ?? matching[0])?.[1];
  if (!isRecord(entry)) {
    return undefined;
  }
  const credentials: Credentials = {
    username: asString(entry.username),
    password: asString(entry.password),
    identityToken: asString(entry.identitytoken),
    registryToken: asString(entry.registrytoken),
  };
  // Nothing else can stand in a header.
  if (!/^[\x21-\x7e]*$/.test(credentials.registryToken ?? "")) {
    throw failed(file, `has an entry for ${host} whose registrytoken is no token`);
  }
  const encoded = asString(entry.auth);
  if (encoded) {
    const decoded = Buffer.from(encoded, "base64").toString();
    const colon = decoded.indexOf(":");
    if (colon < 0) {
      throw failed(file, `has an entry for ${host} whose auth is not base64 of user:password`);
    }
    credentials.username = decoded.slice(0, colon);
    // Some versions of Docker end it with NUL bytes.
    credentials.password = decoded.slice(colon + 1).replace(/\0+$/, "");
  }
  return Object.values(credentials).some((value) => value) ? credentials : undefined;
}

/** The registry that a key of the configuration stands for: it may have a scheme and a path, and Docker Hub two names. */
export function canonicalHost(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "index.docker.io" ? "docker.io" : host;
}

function stringIn(record: unknown, key: string): string | undefined {
  return isRecord(record) && Object.hasOwn(record, key) ? asString(record[key]) : undefined;
}

function asString(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failed(file: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `Docker's configuration ${file} ${what}. Mend it, or run docker login again.`,
  );
}
