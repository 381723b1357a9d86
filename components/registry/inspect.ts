import { VersionedImageError } from "../errors";
import { artifactIn } from "./artifact";
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
import { type Contents, chooseImage, contentsOf, describeContents, platformOf } from "./platform";

export interface ImageConfig {
  labels: Record<string, string>;
  created: string | undefined;
  /** os/arch or os/arch/variant. */
  platform: string;
}

/** What an image says of itself, its content checked against the digests from the given one on. */
export async function inspectImage(fetcher: Fetcher, digest: string, platform: string): Promise<ImageConfig> {
  const found = await manifestUnder(fetcher, digest);
  if (!INDEX_TYPES.includes(found.type)) {
    return configOf(fetcher, digest, found);
  }
  const contents = contentsOf(found.manifest);
  const chosen = chooseImage(contents.images, platform);
  if (!chosen) {
    const remedy =
      contents.images.length > 0
        ? `, and none for ${platform}: ask for one of these platforms, or publish one for ${platform}`
        : NO_IMAGE;
    throw notFound(fetcher, digest, found.origin, contents, remedy);
  }
  return configOf(fetcher, chosen.digest, await manifestUnder(fetcher, chosen.digest));
}

/** The same of every image of an index, in its order. */
export async function inspectImages(fetcher: Fetcher, digest: string): Promise<ImageConfig[]> {
  const found = await manifestUnder(fetcher, digest);
  if (!INDEX_TYPES.includes(found.type)) {
    return [await configOf(fetcher, digest, found)];
  }
  const contents = contentsOf(found.manifest);
  if (contents.images.length === 0) {
    throw notFound(fetcher, digest, found.origin, contents, NO_IMAGE);
  }
  return Promise.all(
    contents.images.map(async (image) => configOf(fetcher, image.digest, await manifestUnder(fetcher, image.digest))),
  );
}

const NO_IMAGE = ", and no image: publish the image under another tag, or delete this one";

function notFound({ name }: Fetcher, digest: string, origin: string, contents: Contents, remedy: string) {
  return new VersionedImageError(
    "PlatformNotFound",
    `${name}@${digest} in the registry ${new URL(origin).host} is ${describeContents(contents)}${remedy}.`,
  );
}

async function configOf(fetcher: Fetcher, digest: string, found: Found): Promise<ImageConfig> {
  const { type, manifest, origin } = found;
  const artifact = artifactIn(manifest);
  if (artifact !== undefined) {
    throw new VersionedImageError(
      "NotAnImage",
      `${fetcher.name}@${digest} in the registry ${new URL(origin).host} is no image that can be run, but an artifact of the type ` +
        `${JSON.stringify(artifact.slice(0, 200))}: publish to a repository that holds images only, or delete the tag.`,
    );
  }
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

/** A manifest, and where it was found. */
interface Found {
  type: string;
  manifest: Record<string, unknown>;
  origin: string;
}

async function manifestUnder({ manifest }: Fetcher, digest: string): Promise<Found> {
  const answer = await manifest("GET", digest);
  verifyContent(answer, digest);
  statedDigest(answer, digest);
  return { type: typeOf(answer), manifest: objectIn(answer), origin: answer.origin };
}
