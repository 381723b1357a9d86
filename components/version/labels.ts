import * as path from "node:path";
import { isDebugTag } from "./debugTag";
import { BASE_LABELS, FILE_LABELS, sourceLabels } from "./sourceLabels";
import type { Version } from "./version";

/** The full hash of the commit that an image was built from; OCI's name for it. */
export const REVISION_LABEL = "org.opencontainers.image.revision";
/** The URL of the repository's remote; OCI's name for it. */
export const SOURCE_LABEL = "org.opencontainers.image.source";
/** The time of the commit, RFC 3339; OCI's name for it. */
export const CREATED_LABEL = "org.opencontainers.image.created";
/** The tag; OCI's name for it. */
export const VERSION_LABEL = "org.opencontainers.image.version";
/** The name of the directory that an image was built from; OCI's name for it. */
export const TITLE_LABEL = "org.opencontainers.image.title";
/** Git's hash of the files that an image was built from. */
export const TREE_LABEL = "dev.versioned-image.tree";
/** Of a debug image, whether the directory had uncommitted changes, "true" or "false"; of any other "". */
export const DIRTY_LABEL = "dev.versioned-image.dirty";
/** What, beside the files, decided the content of an image. */
export const BUILD_LABEL = "dev.versioned-image.build";

/** All labels that this package gives an image. */
export const OWN_LABELS = [
  REVISION_LABEL,
  TREE_LABEL,
  BUILD_LABEL,
  VERSION_LABEL,
  TITLE_LABEL,
  CREATED_LABEL,
  SOURCE_LABEL,
  DIRTY_LABEL,
  ...FILE_LABELS,
  ...BASE_LABELS,
] as const;

export type OwnLabel = (typeof OWN_LABELS)[number];

/**
 * What an image says of its origin; `bases` are the references of the images that it is built on, by their names. Nothing in it depends on
 * when or where the image is built. All are written, those that have nothing to say as "": an image inherits the labels of the one that it
 * is built on.
 */
export function imageLabels(
  version: Version,
  fingerprint: string | undefined,
  bases: Record<string, string> = {},
): Record<OwnLabel, string> {
  return {
    [REVISION_LABEL]: version.commit,
    [TREE_LABEL]: version.tree,
    [BUILD_LABEL]: fingerprint ?? "",
    [VERSION_LABEL]: version.tag,
    // A clone's own directory can have any name.
    [TITLE_LABEL]: path.posix.basename(version.context),
    [CREATED_LABEL]: version.committedAt.toISOString().replace(".000Z", "Z"),
    [SOURCE_LABEL]: version.remote ?? "",
    [DIRTY_LABEL]: version.debug ? String(version.uncommitted.length > 0) : "",
    ...sourceLabels(version, bases),
  };
}

/** What an image's manifest says of it to those that read no labels, such as registries' pages and Kargo: OCI's own names. */
export function imageAnnotations(labels: Record<string, string>): Record<string, string> {
  const said = Object.entries(labels).filter(([name, value]) => name.startsWith("org.opencontainers.") && value !== "");
  return Object.fromEntries(said.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** What one of these labels says; undefined if it has nothing to say. */
export function labelIn(labels: Record<string, string>, name: string): string | undefined {
  return labels[name] || undefined;
}

/** Of a debug image, whether its directory had uncommitted changes; undefined of any other. */
export function dirtyIn(labels: Record<string, string>): boolean | undefined {
  const dirty = labelIn(labels, DIRTY_LABEL);
  const tag = labelIn(labels, VERSION_LABEL);
  // Production images of older releases do not have the label, and inherit it from a debug image that they are built on.
  return dirty === undefined || (tag !== undefined && !isDebugTag(tag)) ? undefined : dirty === "true";
}
