import type { Fetcher } from "./fetcher";
import { CONFIG_LIMIT, configDigestOf, type Found, incomplete, notFound } from "./image";
import { fieldsOf } from "./json";
import { digestIn, INDEX_TYPES, objectIn, statedDigest, typeOf, verifyContent } from "./media";
import { chooseImage, contentsOf, platformOf } from "./platform";
import type { Answer } from "./request";

export interface ImageConfig {
  labels: Record<string, string>;
  created: string | undefined;
  /** os/arch or os/arch/variant. */
  platform: string;
  /** The digests of its layers as they are unpacked, the first one first. */
  layers: string[];
}

/** What an image says of itself, its content checked against the digests from the given one on. */
export async function inspectImage(fetcher: Fetcher, digest: string, platform: string): Promise<ImageConfig> {
  const found = await manifestUnder(fetcher, digest);
  if (!INDEX_TYPES.includes(found.type)) {
    return configOf(fetcher, found);
  }
  const contents = contentsOf(found.manifest);
  const chosen = chooseImage(contents.images, platform);
  if (!chosen) {
    throw notFound(fetcher, found, platform);
  }
  return configOf(fetcher, await imageIn(fetcher, found, chosen.digest));
}

/** The same of every image of an index, in its order. */
export async function inspectImages(fetcher: Fetcher, digest: string): Promise<ImageConfig[]> {
  const found = await manifestUnder(fetcher, digest);
  if (!INDEX_TYPES.includes(found.type)) {
    return [await configOf(fetcher, found)];
  }
  const contents = contentsOf(found.manifest);
  if (contents.images.length === 0) {
    throw notFound(fetcher, found);
  }
  return Promise.all(
    contents.images.map(async (image) => configOf(fetcher, await imageIn(fetcher, found, image.digest))),
  );
}

async function configOf(fetcher: Fetcher, found: Found): Promise<ImageConfig> {
  const configDigest = configDigestOf(fetcher, found);
  const answer = await fetcher.other(`blobs/${configDigest}`, CONFIG_LIMIT);
  if (answer.status === 404) {
    throw incomplete(fetcher, found, `its configuration ${configDigest}`);
  }
  verifyContent(answer, configDigest);
  const config = objectIn(answer);
  const labels = Object.entries(fieldsOf(fieldsOf(config.config).Labels));
  return {
    labels: Object.fromEntries(labels.filter((label): label is [string, string] => typeof label[1] === "string")),
    created: typeof config.created === "string" ? config.created : undefined,
    platform: platformOf(config),
    layers: layersOf(config),
  };
}

function layersOf({ rootfs }: Record<string, unknown>): string[] {
  const { diff_ids: layers } = fieldsOf(rootfs);
  return Array.isArray(layers) ? layers.map(String) : [];
}

/** An image that an index lists. */
async function imageIn(fetcher: Fetcher, index: Found, digest: string): Promise<Found> {
  const answer = await fetcher.manifest("GET", digest);
  if (answer.status === 404) {
    throw incomplete(fetcher, index, `its image ${digest}`);
  }
  return foundIn(answer, digest);
}

async function manifestUnder({ manifest }: Fetcher, digest: string): Promise<Found> {
  return foundIn(await manifest("GET", digest), digest);
}

function foundIn(answer: Answer, digest: string): Found {
  verifyContent(answer, digest);
  statedDigest(answer, (stated) => digestIn(answer, stated));
  return { digest, type: typeOf(answer), manifest: objectIn(answer), origin: answer.origin };
}
