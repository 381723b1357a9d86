import { digestOf, isDigest, kindOf, type Manifest, type ManifestContent } from "./descriptor";
import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import { isObject, rawJSON } from "./json";
import type { Answer } from "./request";

/** A manifest of schema 1 with signatures, which its digest does not cover: what it holds is not checked, and not read. */
const SIGNED_TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws";

export const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
/** Those that have annotations. */
export const OCI_TYPES = [...INDEX_TYPES, ...MANIFEST_TYPES].filter((type) => type.includes("vnd.oci."));
/** What else may be under a tag. It is asked for so that it is not taken for nothing. */
const OTHER_TYPES = [
  "application/vnd.oci.artifact.manifest.v1+json",
  SIGNED_TYPE,
  "application/vnd.docker.distribution.manifest.v1+json",
];
const KNOWN_TYPES = [...INDEX_TYPES, ...MANIFEST_TYPES, ...OTHER_TYPES];
export const ACCEPT = KNOWN_TYPES.join(", ");

/** Whether an answer says that it is a manifest of a kind that is known. */
export function isKnownType(answer: Answer): boolean {
  return KNOWN_TYPES.includes(statedType(answer) ?? "");
}

/** A manifest's media type. Throws RegistryProtocol if it is that of something else. */
export function typeOf(answer: Answer): string {
  const type = statedType(answer);
  if (type === undefined || !isKnownType(answer)) {
    throw protocol(answer.origin, `a manifest of the type ${type ?? "(none)"}`);
  }
  return type;
}

function statedType({ headers }: Answer): string | undefined {
  return headers.get("content-type")?.split(";")[0]?.trim() || undefined;
}

/**
 * What Docker-Content-Digest says, if it is there. Throws RegistryProtocol if that is no digest, or not the one that is expected of
 * its kind.
 */
export function statedDigest(answer: Answer, expectedOf?: (stated: string) => string): string | undefined {
  const stated = answer.headers.get("docker-content-digest");
  if (stated === undefined) {
    return undefined;
  }
  if (!isDigest(stated)) {
    throw protocol(
      answer.origin,
      `its Docker-Content-Digest ${JSON.stringify(stated)} is not a sha256 or sha512 digest`,
    );
  }
  const expected = expectedOf?.(stated) ?? stated;
  if (stated !== expected) {
    throw protocol(answer.origin, `its Docker-Content-Digest ${JSON.stringify(stated)} is not ${expected}`);
  }
  return stated;
}

/** The digest of what an answer holds, of the same kind as another one. */
export function digestIn(answer: Answer, like?: string): string {
  return statedType(answer) === SIGNED_TYPE && isDigest(like) ? like : digestOf(answer.body, like);
}

/** Throws RegistryProtocol unless the content is there and is what its digest says. */
export function verifyContent(answer: Answer, digest: string): void {
  const found = answer.status === 404 ? "nothing" : digestIn(answer, digest);
  if (found !== digest) {
    throw protocol(answer.origin, `${found} under the digest ${digest}`);
  }
}

/** The JSON object that an answer holds. Throws RegistryProtocol if it holds none. */
export function objectIn({ body, origin }: Answer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    // Said below.
  }
  if (!isObject(value)) {
    throw protocol(origin, "it is not a JSON object");
  }
  return value;
}

/**
 * The JSON object that an answer holds, to be written again: numbers are kept as they are written, since a health check's nanoseconds
 * may be more than a number of JavaScript holds. Throws RegistryProtocol if it holds none.
 */
export function exactObjectIn({ body, origin }: Answer): Record<string, unknown> {
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    value = JSON.parse(text, keepNumber);
  } catch (error) {
    // What the parser says quotes the content, and may be long.
    const what = error instanceof RangeError ? "JSON that is nested too deeply" : "not a JSON object in UTF-8";
    throw protocol(origin, `it is ${what}`);
  }
  if (!isObject(value)) {
    throw protocol(origin, "it is not a JSON object");
  }
  return value;
}

function keepNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  const { source } = context ?? {};
  return typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value;
}

/** The bytes of what was read by `exactObjectIn`. */
export function exactBytes(value: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** What is under a tag or digest, by HEAD where that says it all. */
export async function resolveManifest(fetcher: Fetcher, reference: string): Promise<Manifest | undefined> {
  const answer = await fetcher.manifest("HEAD", reference);
  if (answer.status === 404) {
    return undefined;
  }
  if (answer.method === "HEAD") {
    const named = isDigest(reference) ? reference : undefined;
    const stated = statedDigest(answer, (digest) => (named && kindOf(named) === kindOf(digest) ? named : digest));
    if (stated !== undefined && isKnownType(answer)) {
      return { digest: named ?? stated, mediaType: typeOf(answer) };
    }
  }
  const found = answer.method === "HEAD" ? await fetchManifest(fetcher, reference) : contentOf(answer, reference);
  return found && { digest: found.digest, mediaType: found.mediaType };
}

/** The manifest under a tag or digest, its bytes checked against the digest that was asked for or is stated. */
export async function fetchManifest(fetcher: Fetcher, reference: string): Promise<ManifestContent | undefined> {
  const answer = await fetcher.manifest("GET", reference);
  return answer.status === 404 ? undefined : contentOf(answer, reference);
}

/** The manifest in an answer, checked against the digest that was asked for or is stated. */
export function contentOf(answer: Answer, reference: string): ManifestContent {
  const mediaType = typeOf(answer);
  const stated = statedDigest(answer, (digest) => digestIn(answer, digest));
  const digest = isDigest(reference) ? reference : (stated ?? digestIn(answer));
  verifyContent(answer, digest);
  return { digest, mediaType, bytes: answer.body };
}
