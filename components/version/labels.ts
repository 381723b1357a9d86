import * as path from "node:path";
import { isBaseName } from "./buildOptions";
import { outermost, pathFromRoot, shownPath } from "./covers";
import { isDebugTag } from "./tags";
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

/** The directory that an image was built from; this and all paths are relative to the repository's root, which is ".". */
export const CONTEXT_LABEL = "dev.versioned-image.context";
/** What it was built from, its named contexts included, as a JSON array. */
export const PATHS_LABEL = "dev.versioned-image.paths";
export const DOCKERFILE_LABEL = "dev.versioned-image.dockerfile";
/** The images that it is built on, as a JSON object of `{ reference, covers }` by their names. */
export const BASES_LABEL = "dev.versioned-image.bases";
/** repository:tag of the image that it is built on, where it is one; OCI's name for it. */
export const BASE_NAME_LABEL = "org.opencontainers.image.base.name";
/** The digest of that; OCI's name for it. */
export const BASE_DIGEST_LABEL = "org.opencontainers.image.base.digest";

export const FILE_LABELS = [CONTEXT_LABEL, PATHS_LABEL, DOCKERFILE_LABEL] as const;
export const BASE_LABELS = [BASES_LABEL, BASE_NAME_LABEL, BASE_DIGEST_LABEL] as const;

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

/** What an image says of the files and images that it is made of; `references` are those of its bases, by their names. */
export function sourceLabels(
  { context, files, dockerfile, bases }: Pick<Version, "context" | "files" | "dockerfile" | "bases">,
  references: Record<string, string>,
): Record<(typeof FILE_LABELS | typeof BASE_LABELS)[number], string> {
  const names = Object.keys(bases).sort();
  const built = names.map((name) => [
    name,
    { reference: references[name] ?? "", covers: (bases[name]?.covers ?? []).map(shownPath) },
  ]);
  // OCI has room for one.
  const [name = "", digest = ""] = names.length === 1 ? (references[names[0] ?? ""] ?? "").split("@") : [];
  return {
    [CONTEXT_LABEL]: shownPath(context),
    [PATHS_LABEL]: JSON.stringify(files.map(shownPath)),
    [DOCKERFILE_LABEL]: dockerfile,
    [BASES_LABEL]: names.length === 0 ? "" : JSON.stringify(Object.fromEntries(built)),
    [BASE_NAME_LABEL]: name,
    [BASE_DIGEST_LABEL]: digest,
  };
}

/** What an image says that it was made of. Paths are relative to the repository's root, which is "". */
export interface LabelledSource {
  context: string;
  /** What it was built from. */
  files: string[];
  dockerfile: string;
  bases: Record<string, LabelledBase>;
  /** What its version covers: the files, and what its bases cover. */
  paths: string[];
}

export interface LabelledBase {
  /** repository:tag@digest; "" if it was not said. */
  reference: string;
  covers: string[];
}

/** What is longer is not read, in characters: git takes the paths as arguments. */
const LONGEST = 32 * 1024;

/** Whether an image says anything of what it was made of, be it readable or not. */
export function saysSource(labels: Record<string, string>): boolean {
  return [...FILE_LABELS, BASES_LABEL].some((name) => labels[name]);
}

/**
 * Reads that from an image's labels, which are data of whoever pushed it: undefined if they do not say it, or if anything in them can't be,
 * such as a path that leads out of the repository.
 */
export function labelledSource(labels: Record<string, string>): LabelledSource | undefined {
  if ([...FILE_LABELS, BASES_LABEL].some((name) => (labels[name] ?? "").length > LONGEST)) {
    return undefined;
  }
  const context = pathFromRoot(labels[CONTEXT_LABEL]);
  const dockerfile = pathFromRoot(labels[DOCKERFILE_LABEL]);
  const files = pathsIn(parsed(labels[PATHS_LABEL]));
  const bases = basesIn(labels[BASES_LABEL] ? parsed(labels[BASES_LABEL]) : {});
  if (context === undefined || !dockerfile || files === undefined || bases === undefined) {
    return undefined;
  }
  const covered = Object.values(bases).flatMap(({ covers }) => covers);
  return { context, files, dockerfile, bases, paths: outermost([...files, ...covered]) };
}

function basesIn(value: unknown): Record<string, LabelledBase> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  const found: [string, LabelledBase][] = [];
  for (const [name, base] of Object.entries(value)) {
    const covers = pathsIn(base?.covers);
    if (covers === undefined || typeof base.reference !== "string" || !isBaseName(name)) {
      return undefined;
    }
    found.push([name, { reference: base.reference, covers }]);
  }
  return Object.fromEntries(found);
}

function pathsIn(value: unknown): string[] | undefined {
  const paths = Array.isArray(value) ? value.map(pathFromRoot) : [];
  return paths.length > 0 && paths.every((path) => path !== undefined) ? paths : undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
