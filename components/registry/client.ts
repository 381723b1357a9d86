import { createHash } from "node:crypto";
import { type Credentials, userCredentials } from "./dockerConfig";
import { type Answer, protocol } from "./http";
import { parseRepository } from "./reference";
import { createSession } from "./session";

/** Asks registries what they hold. A registry that does not answer clearly is an error, never a guess. */
export interface RegistryClient {
  /** What is under a tag or digest; undefined only if the registry says that there is nothing (404). */
  resolve(repository: string, reference: string): Promise<Manifest | undefined>;
  /** What an image says of itself. Of an image for several platforms, the one for `platform` is looked at. */
  inspect(repository: string, digest: string, platform: string): Promise<ImageConfig>;
  /** All tags of a repository; none if there is no such repository. */
  tags(repository: string): Promise<string[]>;
}

export interface Manifest {
  digest: string;
  mediaType: string;
}

export interface ImageConfig {
  labels: Record<string, string>;
  created: string | undefined;
  /** os/arch or os/arch/variant. */
  platform: string;
}

export interface ClientOptions {
  /** Credentials in place of the user's; those without a server are for every registry. */
  auth?: { server?: string; username?: string; password?: string };
  env?: NodeJS.ProcessEnv;
  /** How long one request may take, in milliseconds. Default: 10 seconds. */
  timeoutMs?: number;
  /** The unit of the pauses between tries, in milliseconds. Default: a second. */
  pauseMs?: number;
}

const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(", ");

const MANIFEST_LIMIT = 4 * 1024 * 1024;
const CONFIG_LIMIT = 8 * 1024 * 1024;
const MOST_PAGES = 1000;

export function createRegistryClient(options: ClientOptions = {}): RegistryClient {
  const { auth, env = process.env, timeoutMs = 10_000, pauseMs = 1_000 } = options;
  const { call } = createSession({
    env,
    timeoutMs,
    pauseMs,
    credentials: async (host) => explicit(auth, host) ?? userCredentials(host, env),
  });

  function getManifest(repository: string, reference: string, method: "GET" | "HEAD"): Promise<Answer> {
    const { host, name } = parseRepository(repository);
    return call({ method, host, name, path: `manifests/${reference}`, accept: ACCEPT, limit: MANIFEST_LIMIT });
  }

  async function resolve(repository: string, reference: string): Promise<Manifest | undefined> {
    const head = await getManifest(repository, reference, "HEAD");
    if (head.status === 404) {
      return undefined;
    }
    const digest = head.headers.get("docker-content-digest");
    if (digest !== null && /^sha256:[0-9a-f]{64}$/.test(digest)) {
      return { digest, mediaType: typeOf(head, repository) };
    }
    const answer = await getManifest(repository, reference, "GET");
    return answer.status === 404 ? undefined : { digest: digestOf(answer.body), mediaType: typeOf(answer, repository) };
  }

  async function fetchManifest(repository: string, digest: string): Promise<{ type: string; manifest: ManifestBody }> {
    const answer = await getManifest(repository, digest, "GET");
    verify(answer, digest, repository);
    return { type: typeOf(answer, repository), manifest: parseJson(answer, repository) };
  }

  async function inspect(repository: string, digest: string, platform: string): Promise<ImageConfig> {
    const { host, name } = parseRepository(repository);
    let { type, manifest } = await fetchManifest(repository, digest);
    if (INDEX_TYPES.includes(type)) {
      const chosen = choose(manifest.manifests ?? [], platform);
      if (!chosen) {
        throw protocol(`https://${host}`, `${digest} is an index of no image`);
      }
      ({ type, manifest } = await fetchManifest(repository, chosen));
    }
    const configDigest = manifest.config?.digest;
    if (!MANIFEST_TYPES.includes(type) || !configDigest) {
      throw protocol(`https://${host}`, `${digest} is of the type ${type}, which is not that of an image`);
    }
    const answer = await call({ method: "GET", host, name, path: `blobs/${configDigest}`, limit: CONFIG_LIMIT });
    verify(answer, configDigest, repository);
    const config = parseJson<ConfigBody>(answer, repository);
    return {
      labels: config.config?.Labels ?? {},
      created: config.created,
      platform: [config.os, config.architecture, config.variant].filter(Boolean).join("/"),
    };
  }

  async function tags(repository: string): Promise<string[]> {
    const { host, name } = parseRepository(repository);
    const found: string[] = [];
    let path: string | undefined = "tags/list?n=1000";
    for (let page = 0; path !== undefined; page++) {
      const answer: Answer = await call({ method: "GET", host, name, path, limit: CONFIG_LIMIT });
      if (answer.status === 404) {
        return [];
      }
      found.push(...(parseJson<{ tags?: string[] | null }>(answer, repository).tags ?? []));
      if (page === MOST_PAGES) {
        throw protocol(`https://${host}`, "its list of tags does not end");
      }
      path = nextPage(answer, name, host);
    }
    return found;
  }

  return { resolve, inspect, tags };
}

interface ManifestBody {
  config?: { digest?: string };
  manifests?: { digest?: string; platform?: { os?: string; architecture?: string; variant?: string } }[];
}

interface ConfigBody {
  created?: string;
  os?: string;
  architecture?: string;
  variant?: string;
  config?: { Labels?: Record<string, string> | null };
}

function explicit(auth: ClientOptions["auth"], host: string): Credentials | undefined {
  if (auth?.password === undefined) {
    return undefined;
  }
  const server = auth.server?.replace(/^https?:\/\//, "").split("/")[0];
  return server === undefined || server === host || (server === "index.docker.io" && host === "docker.io")
    ? { username: auth.username, password: auth.password }
    : undefined;
}

function choose(manifests: NonNullable<ManifestBody["manifests"]>, platform: string): string | undefined {
  const named = manifests.map((entry) => ({
    digest: entry.digest,
    platform: [entry.platform?.os, entry.platform?.architecture, entry.platform?.variant].filter(Boolean).join("/"),
  }));
  const matches = (found: string) =>
    found === platform || found.startsWith(`${platform}/`) || platform.startsWith(`${found}/`);
  return (
    named.find((entry) => entry.platform === platform) ??
    named.find((entry) => entry.platform !== "" && matches(entry.platform)) ??
    // Attestations are listed as images for an unknown platform.
    named.find((entry) => !entry.platform.startsWith("unknown"))
  )?.digest;
}

/** The path of the next page, from a Link header; it must lie in the same repository of the same registry. */
function nextPage(answer: Answer, name: string, host: string): string | undefined {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(answer.headers.get("link") ?? "")?.[1];
  if (link === undefined) {
    return undefined;
  }
  const { pathname, search } = new URL(link, `https://${host}/v2/${name}/tags/list`);
  if (pathname !== `/v2/${name}/tags/list`) {
    throw protocol(`https://${host}`, `the next page of its tags is said to be ${link}`);
  }
  return `tags/list${search}`;
}

function typeOf(answer: Answer, repository: string): string {
  const type = answer.headers.get("content-type")?.split(";")[0]?.trim();
  if (!type || ![...INDEX_TYPES, ...MANIFEST_TYPES].includes(type)) {
    throw protocol(`https://${repository}`, `a manifest of the type ${type ?? "(none)"}`);
  }
  return type;
}

function verify(answer: Answer, digest: string, repository: string): void {
  const found = answer.status === 404 ? "nothing" : digestOf(answer.body);
  if (found !== digest) {
    throw protocol(`https://${repository}`, `${found} under the digest ${digest}`);
  }
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

function parseJson<T = ManifestBody>(answer: Answer, repository: string): T {
  try {
    const value: unknown = JSON.parse(answer.body.toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as T;
    }
  } catch {
    // Said below.
  }
  throw protocol(`https://${repository}`, "it is not a JSON object");
}
