import { type Descriptor, fieldsOf, INDEX_TYPES, isDigest, MANIFEST_TYPES, type ManifestContent } from "../registry";
import { notCopyable } from "./errors";

/** What a manifest or an index consists of. */
export interface Parts {
  manifests: Descriptor[];
  /** Configuration and layers. */
  blobs: Descriptor[];
}

/** Layers that registries name and do not hold. */
const ELSEWHERE = /\.foreign\.|\.nondistributable\./;

/** What a manifest needs to be there. Throws NotCopyable for what is none of today's, or holds what a registry can't have. */
export function partsOf({ digest, mediaType, bytes }: ManifestContent, repository: string): Parts {
  const here = `${repository}@${digest}`;
  const isIndex = INDEX_TYPES.includes(mediaType);
  if (!isIndex && !MANIFEST_TYPES.includes(mediaType)) {
    throw notCopyable(
      here,
      `it has the type ${mediaType}, which current registries do not accept`,
      "Build and publish the image again.",
    );
  }
  const { manifests, config, layers } = fieldsIn(bytes, here);
  const parts = isIndex
    ? { manifests: listOf(manifests).map((entry) => descriptorIn(entry, here)), blobs: [] }
    : { manifests: [], blobs: [config, ...listOf(layers)].map((entry) => descriptorIn(entry, here)) };
  const elsewhere = parts.blobs.find((blob) => ELSEWHERE.test(blob.mediaType));
  if (elsewhere) {
    throw notCopyable(
      here,
      `its layer ${elsewhere.digest} has the type ${elsewhere.mediaType}, which is stored outside registries`,
      "Use a base image without such layers.",
    );
  }
  return parts;
}

/** What a manifest's bytes say. Throws NotCopyable for what is no JSON object. */
export function fieldsIn(bytes: Buffer, here: string): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(bytes.toString()));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw notCopyable(here, "it is not JSON", "Build and publish the image again.");
    }
    throw error;
  }
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function descriptorIn(value: unknown, here: string): Descriptor {
  const { digest, size, mediaType } = fieldsOf(value);
  if (!isDigest(digest) || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw notCopyable(
      here,
      `it has an entry with the digest ${JSON.stringify(digest) ?? "(none)"} and the size ${JSON.stringify(size) ?? "(none)"}`,
      "Build and publish the image again.",
    );
  }
  return { digest, size, mediaType: typeof mediaType === "string" ? mediaType : "" };
}
