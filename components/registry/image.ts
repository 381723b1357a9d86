import { VersionedImageError } from "../errors";
import { isDigest } from "./descriptor";
import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import { fieldsOf } from "./json";
import { MANIFEST_TYPES } from "./media";
import { contentsOf, describeContents } from "./platform";

/** A manifest or an index, and where it was found. */
export interface Found {
  digest: string;
  type: string;
  manifest: Record<string, unknown>;
  origin: string;
}

/** The most that is read of an image's configuration, in bytes. */
export const CONFIG_LIMIT = 8 * 1024 * 1024;

/** The digest of an image's configuration. Throws NotAnImage for an artifact and for schema 1, and RegistryProtocol for what is none of these. */
export function configDigestOf({ name }: Fetcher, { digest, type, manifest, origin }: Found): string {
  const artifact = artifactIn(manifest);
  if (artifact !== undefined) {
    throw new VersionedImageError(
      "NotAnImage",
      `${name}@${digest} in the registry ${new URL(origin).host} is not an image that can run, but an artifact of the type ` +
        `${JSON.stringify(artifact.slice(0, 200))}. Publish to a repository that contains only images, or delete the tag.`,
    );
  }
  if (!MANIFEST_TYPES.includes(type)) {
    throw new VersionedImageError(
      "NotAnImage",
      `${name}@${digest} in the registry ${new URL(origin).host} has the type ${type}, which is not supported for images. Build and ` +
        "publish it again, or delete the tag.",
    );
  }
  const { digest: config, size } = fieldsOf(manifest.config);
  if (!isDigest(config)) {
    throw protocol(origin, `${digest} has the type ${type}, which is not supported for images`);
  }
  if (typeof size === "number" && size > CONFIG_LIMIT) {
    throw new VersionedImageError(
      "RegistryProtocol",
      `${name}@${digest} in the registry ${new URL(origin).host} has a configuration of ${size} bytes; the limit is ${CONFIG_LIMIT}. ` +
        "Shorten its labels, environment variables and instructions.",
    );
  }
  return config;
}

/** The error for an index that has no image, or none for the platform. */
export function notFound(
  { name }: Fetcher,
  { digest, manifest, origin }: Found,
  platform?: string,
): VersionedImageError {
  const contents = contentsOf(manifest);
  const remedy =
    contents.images.length > 0
      ? `, but not for ${platform}. Use one of these platforms, or publish an image for ${platform}`
      : ", but no image. Publish the image under another tag, or delete this one";
  return new VersionedImageError(
    "PlatformNotFound",
    `${name}@${digest} in the registry ${new URL(origin).host} is ${describeContents(contents)}${remedy}.`,
  );
}

/** The error for an image of which the registry lacks a part. */
export function incomplete({ name }: Fetcher, { digest, origin }: Found, part: string): VersionedImageError {
  return new VersionedImageError(
    "NotAnImage",
    `${name}@${digest} in the registry ${new URL(origin).host} is incomplete: the registry lacks ${part}, which it consists of. Build and ` +
      "publish it again, or delete the tag.",
  );
}

/** The types of an image's configuration. Images of the first years have none, or that of bytes. */
const IMAGE_CONFIGS = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
  "application/octet-stream",
  "",
];

/** How the types of an image's layers begin. */
const IMAGE_LAYERS = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/**
 * What a manifest holds if that is no image, for instance a Helm chart: the type that says so. Those of images are used for
 * other things as well, such as signatures, which only the types of their layers tell from an image.
 */
export function artifactIn(manifest: Record<string, unknown>): string | undefined {
  const config = typeIn(fieldsOf(manifest.config).mediaType);
  const artifactType = typeIn(manifest.artifactType);
  if (!IMAGE_CONFIGS.includes(config) || (artifactType !== "" && !IMAGE_CONFIGS.includes(artifactType))) {
    return artifactType || config;
  }
  const layers = Array.isArray(manifest.layers)
    ? manifest.layers.map((layer) => typeIn(fieldsOf(layer).mediaType))
    : [];
  return layers.find((layer) => layer !== "" && !IMAGE_LAYERS.some((beginning) => layer.startsWith(beginning)));
}

function typeIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}
