import { fieldsOf, isDigest } from "./media";

/** An image in an index. */
export interface Entry {
  digest: string;
  /** os/arch or os/arch/variant; empty if the index does not say. */
  platform: string;
}

/** os/arch or os/arch/variant, from an index's entry or from an image's configuration. */
export function platformOf({ os, architecture, variant }: Record<string, unknown>): string {
  return [os, architecture, variant].filter((part) => typeof part === "string" && part !== "").join("/");
}

/** The images of an index, without the attestations, which are listed as images for an unknown platform. */
export function imagesIn(index: Record<string, unknown>): Entry[] {
  const entries = Array.isArray(index.manifests) ? index.manifests.map(fieldsOf) : [];
  return entries.flatMap(({ digest, platform }) => {
    const entry = { digest, platform: platformOf(fieldsOf(platform)) };
    return isDigest(digest) && !entry.platform.startsWith("unknown") ? [{ ...entry, digest }] : [];
  });
}

/** The image for a platform; one that differs only in that the variant is said or not, or that says no platform, will do. */
export function chooseImage(images: Entry[], platform: string): Entry | undefined {
  const related = (found: string) => found.startsWith(`${platform}/`) || platform.startsWith(`${found}/`);
  return (
    images.find((image) => image.platform === platform) ??
    images.find((image) => image.platform !== "" && related(image.platform)) ??
    (images.length === 1 && images[0]?.platform === "" ? images[0] : undefined)
  );
}
