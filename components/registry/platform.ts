import { isDigest } from "./descriptor";
import { fieldsOf } from "./json";

/** An image in an index. */
export interface Entry {
  digest: string;
  /** os/arch or os/arch/variant; empty if the index does not say. */
  platform: string;
}

/** What an index holds. */
export interface Contents {
  images: Entry[];
  /** What is beside them and can't be run, in words. */
  others: string[];
  /** What of all that is no attestation and no image that is understood, in words: a runtime may understand it. */
  unread: string[];
}

/** os/arch or os/arch/variant, from an index's entry or from an image's configuration. */
export function platformOf({ os, architecture, variant }: Record<string, unknown>): string {
  return [os, architecture, variant].filter((part) => typeof part === "string" && part !== "").join("/");
}

/** What is in an index: attestations are listed as images for an unknown platform, other things with their type. */
export function contentsOf(index: Record<string, unknown>): Contents {
  const contents: Contents = { images: [], others: [], unread: [] };
  for (const entry of Array.isArray(index.manifests) ? index.manifests.map(fieldsOf) : []) {
    const platform = platformOf(fieldsOf(entry.platform));
    const other = otherThan(entry, platform);
    if (other !== undefined) {
      contents.others.push(other);
      if (other !== ATTESTATION) {
        contents.unread.push(other);
      }
    } else if (isDigest(entry.digest)) {
      contents.images.push({ digest: entry.digest, platform });
    } else {
      contents.unread.push(`an entry with the digest ${JSON.stringify(entry.digest) ?? "(none)"}`);
    }
  }
  return contents;
}

const ATTESTATION = "an attestation";

function otherThan({ artifactType, annotations }: Record<string, unknown>, platform: string): string | undefined {
  if (typeof artifactType === "string" && artifactType !== "" && !artifactType.includes("image.config")) {
    return artifactType;
  }
  if (!platform.startsWith("unknown")) {
    return undefined;
  }
  return fieldsOf(annotations)["vnd.docker.reference.type"] === "attestation-manifest"
    ? ATTESTATION
    : "something for an unknown platform";
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

/** What an index holds, in words. */
export function describeContents({ images, others }: Contents): string {
  if (images.length > 0) {
    return `an index of images for ${images.map((image) => image.platform || "an unnamed platform").join(", ")}`;
  }
  return `an index with nothing to run: it holds ${counted(others).join(", ") || "nothing"}`;
}

function counted(words: string[]): string[] {
  return [...new Set(words)].map((word) => {
    const times = words.filter((other) => other === word).length;
    return times === 1 ? word : `${word} (${times} times)`;
  });
}
