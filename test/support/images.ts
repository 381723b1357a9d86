import { createHash, randomBytes } from "node:crypto";
import { pushBlob, pushManifest } from "./pushImage";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

const REVISION = "c".repeat(40);

/** A version that may be copied: its tag, and what its labels say of it. */
export const COPIED = {
  tag: REVISION.slice(0, 7),
  labels: {
    "org.opencontainers.image.revision": REVISION,
    "org.opencontainers.image.version": REVISION.slice(0, 7),
    "dev.versioned-image.tree": "7".repeat(40),
  },
};

/** An index with an image for each platform, in a registry on this machine. */
export interface PushedIndex {
  digest: string;
  /** The digests of its images. */
  images: string[];
  /** The digests of all blobs. */
  blobs: string[];
}

/** Pushes an index of images with a layer each, of so many bytes, and returns what it consists of. */
export async function pushIndex(
  repository: string,
  tag: string,
  labels: Record<string, string>,
  { platforms = ["amd64", "arm64"], layer = 64 }: { platforms?: string[]; layer?: number } = {},
): Promise<PushedIndex> {
  const images: object[] = [];
  const blobs: string[] = [];
  for (const architecture of platforms) {
    const content = randomBytes(layer / 2).toString("hex");
    const diff = await put(repository, LAYER, content);
    const config = await put(
      repository,
      CONFIG,
      JSON.stringify({
        os: "linux",
        architecture,
        config: { Labels: labels },
        rootfs: { type: "layers", diff_ids: [diff.digest] },
      }),
    );
    const image = manifest(MANIFEST, { config, layers: [diff] });
    await pushManifest(repository, image.descriptor.digest, MANIFEST, image.body);
    images.push({ ...image.descriptor, platform: { os: "linux", architecture } });
    blobs.push(config.digest, diff.digest);
  }
  const index = manifest(INDEX, { manifests: images });
  await pushManifest(repository, tag, INDEX, index.body);
  return {
    digest: index.descriptor.digest,
    images: images.map((image) => (image as { digest: string }).digest),
    blobs,
  };
}

/** Pushes what refers to a manifest by its field `subject`, and returns its descriptor. */
export async function pushReferrer(repository: string, subject: string, artifactType: string) {
  const config = await put(repository, "application/vnd.oci.empty.v1+json", "{}");
  const layer = await put(repository, artifactType, `${artifactType} of ${subject}`);
  const referrer = manifest(MANIFEST, {
    artifactType,
    config,
    layers: [layer],
    subject: { mediaType: INDEX, digest: subject, size: 1 },
  });
  await pushManifest(repository, referrer.descriptor.digest, MANIFEST, referrer.body);
  return { ...referrer.descriptor, artifactType };
}

/** Lists what refers to a manifest, as clients do in registries without the API for it. */
export async function pushList(repository: string, subject: string, entries: object[]): Promise<void> {
  await pushManifest(repository, subject.replace(":", "-"), INDEX, manifest(INDEX, { manifests: entries }).body);
}

function manifest(mediaType: string, fields: object) {
  const body = JSON.stringify({ schemaVersion: 2, mediaType, ...fields });
  return { body, descriptor: { mediaType, digest: sha256(body), size: Buffer.byteLength(body) } };
}

async function put(repository: string, mediaType: string, content: string) {
  await pushBlob(repository, content);
  return { mediaType, digest: sha256(content), size: Buffer.byteLength(content) };
}

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
