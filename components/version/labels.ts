import type { Version } from ".";

/** The full hash of the commit that an image was built from; OCI's name for it. */
export const REVISION_LABEL = "org.opencontainers.image.revision";
/** The URL of the repository's remote; OCI's name for it. */
export const SOURCE_LABEL = "org.opencontainers.image.source";
/** The time of the commit, RFC 3339; OCI's name for it. */
export const CREATED_LABEL = "org.opencontainers.image.created";
/** The tag; OCI's name for it. */
export const VERSION_LABEL = "org.opencontainers.image.version";
/** Git's hash of the files that an image was built from. */
export const TREE_LABEL = "dev.versioned-image.tree";
/** On debug images only: whether the directory had uncommitted changes, "true" or "false". */
export const DIRTY_LABEL = "dev.versioned-image.dirty";
/** What, beside the files, decided the content of an image. */
export const BUILD_LABEL = "dev.versioned-image.build";

/** All labels that this package gives an image. */
export const OWN_LABELS = [
  REVISION_LABEL,
  TREE_LABEL,
  BUILD_LABEL,
  VERSION_LABEL,
  CREATED_LABEL,
  SOURCE_LABEL,
  DIRTY_LABEL,
];

/** What an image says of its origin. Nothing in it depends on when or where the image is built. */
export function imageLabels(version: Version, fingerprint: string | undefined): Record<string, string> {
  const labels: Record<string, string> = {
    [REVISION_LABEL]: version.commit,
    [CREATED_LABEL]: version.committedAt.toISOString().replace(".000Z", "Z"),
    [VERSION_LABEL]: version.tag,
    [TREE_LABEL]: version.tree,
  };
  if (version.remote !== undefined) {
    labels[SOURCE_LABEL] = version.remote;
  }
  if (fingerprint !== undefined) {
    labels[BUILD_LABEL] = fingerprint;
  }
  if (version.debug) {
    labels[DIRTY_LABEL] = String(version.uncommitted.length > 0);
  }
  return labels;
}
