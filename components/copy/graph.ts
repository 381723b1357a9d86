import type { Descriptor, ManifestContent, RegistryClient } from "../registry";
import { lacking, notCopyable, PUSH_ANEW } from "./errors";
import { partsOf } from "./parts";

/** A repository, and who asks its registry. */
export interface Place {
  registry: RegistryClient;
  repository: string;
}

/** All that an image or an index needs to be there. */
export interface Content {
  /** What the image itself is: the last of the manifests. */
  root: ManifestContent;
  /** Each after all that it holds. */
  manifests: ManifestContent[];
  /** Each once. */
  blobs: Descriptor[];
}

/** More than any image has, so that what holds itself in an endless row ends. */
const MOST_MANIFESTS = 1000;

/**
 * Reads what an image consists of, by the digests of its manifests alone. Throws NotCopyable with the remedy for a manifest that is not
 * there, and what the registry client throws.
 */
export async function readContent(
  { registry, repository }: Place,
  digest: string,
  remedy = PUSH_ANEW,
): Promise<Content> {
  const manifests = new Map<string, ManifestContent>();
  const blobs = new Map<string, Descriptor>();
  const begun = new Map<string, Promise<ManifestContent>>();

  /** Who holds what another one holds, too, waits for the same. */
  function readOnce(named: string): Promise<ManifestContent> {
    const manifest = begun.get(named) ?? read(named);
    begun.set(named, manifest);
    return manifest;
  }

  async function read(named: string): Promise<ManifestContent> {
    const manifest = await registry.manifest(repository, named);
    if (!manifest) {
      throw lacking(`${repository}@${digest}`, `the manifest ${named}`, remedy);
    }
    const parts = partsOf(manifest, repository);
    const fresh = parts.manifests.filter((part) => !begun.has(part.digest));
    if (begun.size + fresh.length > MOST_MANIFESTS) {
      throw notCopyable(`${repository}@${digest}`, `it holds more than ${MOST_MANIFESTS} manifests`, "Split it.");
    }
    await Promise.all(parts.manifests.map((part) => readOnce(part.digest)));
    for (const blob of parts.blobs) {
      blobs.set(blob.digest, blob);
    }
    manifests.set(named, manifest);
    return manifest;
  }

  const root = await readOnce(digest);
  return { root, manifests: [...manifests.values()], blobs: [...blobs.values()] };
}
