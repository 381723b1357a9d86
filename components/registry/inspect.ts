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
import { chooseImage, contentsOf, describeContents, platformOf } from "./platform";

export interface ImageConfig {
  labels: Record<string, string>;
  created: string | undefined;
  /** os/arch or os/arch/variant. */
  platform: string;
}

/** What an image says of itself, its content checked against the digests from the given one on. */
export async function inspectImage(fetcher: Fetcher, digest: string, platform: string): Promise<ImageConfig> {
  const what = `${fetcher.name}@${digest}`;
  let found = await manifestUnder(fetcher, digest);
  if (INDEX_TYPES.includes(found.type)) {
    const contents = contentsOf(found.manifest);
    const chosen = chooseImage(contents.images, platform);
    if (!chosen) {
      const remedy =
        contents.images.length > 0
          ? `, and none for ${platform}: ask for one of these platforms, or publish one for ${platform}`
          : ", and no image: publish the image under another tag, or delete this one";
      throw new VersionedImageError(
        "PlatformNotFound",
        `${what} in the registry ${new URL(found.origin).host} is ${describeContents(contents)}${remedy}.`,
      );
    }
    found = await manifestUnder(fetcher, chosen.digest);
  }
  const { type, manifest, origin } = found;
  const artifact = artifactIn(manifest);
  if (artifact !== undefined) {
    throw new VersionedImageError(
      "NotAnImage",
      `${what} in the registry ${new URL(origin).host} is no image that can be run, but an artifact of the type ` +
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

async function manifestUnder({ manifest }: Fetcher, digest: string) {
  const answer = await manifest("GET", digest);
  verifyContent(answer, digest);
  statedDigest(answer, digest);
  return { type: typeOf(answer), manifest: objectIn(answer), origin: answer.origin };
}
