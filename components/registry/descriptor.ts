import { createHash } from "node:crypto";

/** What names content in a manifest or an index. */
export interface Descriptor {
  digest: string;
  /** In bytes. */
  size: number;
  /** Empty if it is not said. */
  mediaType: string;
}

/** What a registry holds under a tag or digest. */
export interface Manifest {
  digest: string;
  mediaType: string;
}

/** A manifest with the bytes that its digest is of. */
export interface ManifestContent extends Manifest {
  bytes: Buffer;
}

// The kinds that the OCI image specification registers, as far as Node.js always has them.
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether a value is a digest of a kind that this package can check. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && DIGEST.test(value);
}

/** The digest of content, of the same kind as another one; else sha256. */
export function digestOf(bytes: Buffer, like = "sha256:"): string {
  const kind = kindOf(like);
  return `${kind}:${createHash(kind).update(bytes).digest("hex")}`;
}

/** The algorithm of a digest. */
export function kindOf(digest: string): string {
  return digest.slice(0, digest.indexOf(":"));
}
