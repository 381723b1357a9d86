import { fieldsOf } from "./fields";

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
