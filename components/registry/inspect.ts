import { VersionedImageError } from "../errors";
import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import {
  fieldsOf,
  INDEX_TYPES,
  isDigest,
  MANIFEST_TYPES,
  objectIn,
  statedDigest,
  typeOf,
  verifyContent,
} from "./media";
import { chooseImage, imagesIn, platformOf } from "./platform";

export interface ImageConfig {
  labels: Record<string, string>;
  created: string | undefined;
  /** os/arch or os/arch/variant. */
  platform: string;
}

/** What an image says of itself, its content checked against the digests from the given one on. */
export async function inspectImage(fetcher: Fetcher, digest: string, platform: string): Promise<ImageConfig> {
  let found = await fetchManifest(fetcher, digest);
  if (INDEX_TYPES.includes(found.type)) {
    const images = imagesIn(found.manifest);
    const chosen = chooseImage(images, platform);
    if (!chosen) {
      const has = images.map((image) => image.platform || "an unnamed platform").join(", ") || "nothing";
      throw new VersionedImageError(
        "PlatformNotFound",
        `${fetcher.name}@${digest} in the registry ${new URL(found.origin).host} is an index of images for ${has}, and none ` +
          `for ${platform}: ask for one of these platforms, or publish one for ${platform}.`,
      );
    }
    found = await fetchManifest(fetcher, chosen.digest);
  }
  const { type, manifest, origin } = found;
  const configDigest = fieldsOf(manifest.config).digest;
  if (!MANIFEST_TYPES.includes(type) || !isDigest(configDigest)) {
    throw protocol(origin, `${digest} is of the type ${type}, which holds no image here`);
  }
  const answer = await fetcher.other(`blobs/${configDigest}`);
  verifyContent(answer, configDigest);
  const config = objectIn(answer);
  const labels = Object.entries(fieldsOf(fieldsOf(config.config).Labels));
  return {
    labels: Object.fromEntries(labels.filter((label): label is [string, string] => typeof label[1] === "string")),
    created: typeof config.created === "string" ? config.created : undefined,
    platform: platformOf(config),
  };
}

async function fetchManifest({ manifest }: Fetcher, digest: string) {
  const answer = await manifest("GET", digest);
  verifyContent(answer, digest);
  statedDigest(answer, digest);
  return { type: typeOf(answer), manifest: objectIn(answer), origin: answer.origin };
}
