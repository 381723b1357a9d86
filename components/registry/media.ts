import { createHash } from "node:crypto";
import { protocol } from "./failure";
import type { Answer } from "./http";
import { isRawJSON } from "./rawJson";

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
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
  "application/vnd.docker.distribution.manifest.v1+json",
];
export const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES, ...OTHER_TYPES].join(", ");

/** Whether a value is a digest of the one kind that this package can check. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** Whether an answer says that it is a manifest of a kind that is known. */
export function isKnownType(answer: Answer): boolean {
  return [...INDEX_TYPES, ...MANIFEST_TYPES].includes(statedType(answer) ?? "");
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

/** What Docker-Content-Digest says, if it is there. Throws RegistryProtocol if that is no digest, or not the one expected. */
export function statedDigest(answer: Answer, expected?: string): string | undefined {
  const stated = answer.headers.get("docker-content-digest");
  if (stated === undefined) {
    return undefined;
  }
  if (!isDigest(stated) || (expected !== undefined && stated !== expected)) {
    const wanted = expected === undefined ? "is no sha256 digest" : `is not ${expected}`;
    throw protocol(answer.origin, `its Docker-Content-Digest ${JSON.stringify(stated)} ${wanted}`);
  }
  return stated;
}

export function digestOf(body: Buffer): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

/** Throws RegistryProtocol unless the content is there and is what its digest says. */
export function verifyContent(answer: Answer, digest: string): void {
  const found = answer.status === 404 ? "nothing" : digestOf(answer.body);
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

/** An object's field that is itself an object; empty if it is anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);
}
