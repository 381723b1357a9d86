import { contentsOf, fieldsOf, platformOf } from "../../../components/registry";
import { manifestFields } from "../manifestFields";

/** An image as a registry or a folder has it. */
export interface BuiltImage {
  platform: string;
  /** The digest of its configuration, which names the unpacked content of each layer. */
  configDigest: string;
  config: Record<string, unknown>;
  /** The layers' digests, as they are packed. */
  layers: string[];
  /** Whether its manifest says what it is, too. */
  isAnnotated: boolean;
}

/** Gives the bytes that a digest is of. Registries tell manifests from other content. */
export interface Blobs {
  manifest(digest: string): Promise<Buffer>;
  blob(digest: string): Promise<Buffer>;
}

/** The images that a digest names: those of an index, or the one. What is not understood of an index counts as one like no other. */
export async function imagesIn(blobs: Blobs, digest: string): Promise<BuiltImage[]> {
  const manifest = manifestFields(digest, await blobs.manifest(digest));
  if (Array.isArray(manifest.manifests)) {
    const { images, unread } = contentsOf(manifest);
    const found = await Promise.all(images.map((image) => imagesIn(blobs, image.digest)));
    const strange = unread.map((words) => ({
      platform: words,
      configDigest: "",
      config: {},
      layers: [],
      isAnnotated: false,
    }));
    return [...found.flat(), ...strange];
  }
  const configDigest = String(fieldsOf(manifest.config).digest);
  const config = manifestFields(configDigest, await blobs.blob(configDigest));
  return [
    {
      platform: platformOf(config),
      configDigest,
      config,
      layers: list(manifest.layers).map((layer) => String(fieldsOf(layer).digest)),
      isAnnotated: Object.keys(fieldsOf(manifest.annotations)).length > 0,
    },
  ];
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
