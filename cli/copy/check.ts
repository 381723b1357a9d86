import { VersionedImageError } from "../../components/errors";
import type { RegistryClient } from "../../components/registry";
import { checkPublished, labelledVersion, type TagPolicy } from "../../components/version";
import { askCosign } from "../verify/cosign";
import type { Signer } from "../verify/signer";
import type { Source } from "./sources";

/** What is to be copied for an argument. */
export interface Checked {
  digest: string;
  /** Of the version. */
  tag: string;
  /** What is to be said of it, in words. */
  warning: string | undefined;
}

export interface CheckOptions {
  registry: RegistryClient;
  tagPolicy: TagPolicy;
  signer: Signer | undefined;
  env: NodeJS.ProcessEnv;
}

/**
 * Finds an image, and checks that it is the version that it is taken for: of a directory what an adoption checks, of a reference what its
 * labels say. Throws ImageNotFound, DigestMismatch, TagTaken, NotCopyable, NotVerified, and what the registry client and cosign say.
 */
export async function check(source: Source, { registry, tagPolicy, signer, env }: CheckOptions): Promise<Checked> {
  const { given, repository, version, tag } = source;
  const digest = await digestOf(source, registry);
  const [images, signed] = await Promise.all([
    registry.inspectAll(repository, digest),
    signer && askCosign(signer, { repository, digest, env }),
  ]);
  const labels = images.map((image) => image.labels);
  const checked = version
    ? { tag: version.tag, warning: doubts() }
    : { tag: labelledVersion(given, labels, tag), warning: undefined };
  // One platform of an index says what the index says, and is not the version.
  const published = version || tag ? undefined : await registry.resolve(repository, checked.tag);
  if (published && published.digest !== digest) {
    throw new VersionedImageError(
      "DigestMismatch",
      `${given} says that it is the version ${checked.tag}, but the registry serves ${published.digest} under that tag. Copy ` +
        `${repository}:${checked.tag}, or first give that tag back to the right image.`,
    );
  }

  function doubts(): string | undefined {
    const found = images.map((image) =>
      version
        ? checkPublished(
            { digest, ...image },
            {
              version,
              tagPolicy,
              spec: `${repository}:${version.tag}`,
              platform: image.platform,
              fingerprint: undefined,
            },
          )
        : undefined,
    );
    return found.find((doubt) => doubt !== undefined);
  }

  if (signed && signed.signature.found === 0) {
    const { words } = signed.signature;
    throw new VersionedImageError(
      "NotVerified",
      `${repository}@${digest} has no signature by ${signed.by}${words === "" ? "" : ` (cosign: ${words})`}, and ` +
        "is not copied. Sign it there, or omit --key and --certificate-identity.",
    );
  }
  return { digest, ...checked };
}

async function digestOf({ given, repository, tag, digest }: Source, registry: RegistryClient): Promise<string> {
  const named = [tag, digest].filter((each) => each !== undefined);
  const [first, ...others] = await Promise.all(named.map((each) => registry.resolve(repository, each)));
  if (!first || others.includes(undefined)) {
    throw new VersionedImageError(
      "ImageNotFound",
      `The registry has no ${named.join(" and no ")} in ${repository}. Publish the version there first. See what ` +
        `it has with: versioned-image tags ${repository}`,
    );
  }
  if (digest !== undefined && first.digest !== digest) {
    throw new VersionedImageError(
      "DigestMismatch",
      `${given}: the registry serves ${first.digest} under the tag ${tag}. Name the image by its tag or by its digest.`,
    );
  }
  return first.digest;
}
