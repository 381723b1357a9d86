import { VersionedImageError } from "../../components/errors";
import {
  contentsOf,
  digestOf,
  fieldsOf,
  INDEX_TYPES,
  isDigest,
  type ManifestContent,
  type RegistryClient,
} from "../../components/registry";
import { builtAt, unlessUnfit } from "../imageSays";
import { inParallel } from "../inParallel";

/** A manifest of a repository. */
export interface HeldManifest {
  digest: string;
  /** Of an index, its manifests. */
  parts: string[];
  /** Of an attestation, the manifest that it is about, if it says so. */
  subject: string | undefined;
  /** The digest of its configuration, by which a runtime names an image that it did not pull. */
  config: string | undefined;
  /** What the image says of itself; of an index, its first image. Undefined if it is no image. */
  labels: Record<string, string> | undefined;
  /** When it was built, or the time of its commit if that is later, as far as it says so. */
  created: Date | undefined;
}

/** What a repository holds. */
export interface Held {
  repository: string;
  /** The digests, by tag. */
  tags: Map<string, string>;
  /** By digest: what the tags name, and the manifests of indexes among them. */
  manifests: Map<string, HeldManifest>;
  /** Tags that the registry lists but has nothing under. */
  dangling: string[];
}

/** All that these manifests are of no use without, themselves included. What the registry does not hold counts as well. */
export function closure({ manifests }: Held, digests: Iterable<string>): Set<string> {
  return reached(digests, (digest) => {
    const { parts = [], subject } = manifests.get(digest) ?? {};
    return subject === undefined ? parts : [...parts, subject];
  });
}

/** These manifests and what they consist of. */
export function withParts({ manifests }: Held, digests: Iterable<string>): Set<string> {
  return reached(digests, (digest) => manifests.get(digest)?.parts ?? []);
}

/** Tells of manifests, themselves included, the indexes that they are parts of. */
export function indexesIn({ manifests }: Held): (digests: Iterable<string>) => Set<string> {
  const indexes = new Map<string, string[]>();
  for (const { digest, parts } of manifests.values()) {
    for (const part of parts) {
      indexes.set(part, [...(indexes.get(part) ?? []), digest]);
    }
  }
  return (digests) => reached(digests, (digest) => indexes.get(digest) ?? []);
}

function reached(from: Iterable<string>, next: (digest: string) => string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...from];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (!found.has(digest)) {
      found.add(digest);
      waiting.push(...next(digest));
    }
  }
  return found;
}

/** What is asked of a registry. */
export type Shelf = Pick<RegistryClient, "tags" | "manifest" | "inspect">;

/** Configurations of images; whatever else is in a manifest of OCI's form is no image. */
const CONFIG_TYPES = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/**
 * Reads all that a repository's tags lead to. Whatever can't be read is an error: what it needs would not be known, and might
 * be taken for something that nothing needs. Throws what the client throws.
 */
export async function readHeld(shelf: Shelf, repository: string): Promise<Held> {
  const tags = [...new Set(await shelf.tags(repository))].sort();
  const found = await inParallel(tags, (tag) => shelf.manifest(repository, tag));
  const held: Held = { repository, tags: new Map(), manifests: new Map(), dangling: [] };
  const contents = new Map<string, ManifestContent>();
  tags.forEach((tag, index) => {
    const content = found[index];
    if (content) {
      held.tags.set(tag, content.digest);
      contents.set(content.digest, content);
    } else {
      held.dangling.push(tag);
    }
  });
  await addManifests(shelf, held, [...contents.values()]);
  return held;
}

/**
 * Reads manifests that clusters name by their digests, though no tag leads to them: what they need must stay. Returns those
 * that the registry does not have.
 */
export async function addUntagged(shelf: Shelf, held: Held, digests: string[]): Promise<string[]> {
  const unread = [...new Set(digests)].filter((digest) => !held.manifests.has(digest));
  const found = await inParallel(unread, (digest) => shelf.manifest(held.repository, digest));
  await addManifests(
    shelf,
    held,
    found.filter((content) => content !== undefined),
  );
  return unread.filter((_, index) => found[index] === undefined);
}

/** Adds manifests and, level by level, those that they consist of. */
async function addManifests(shelf: Shelf, held: Held, contents: ManifestContent[]): Promise<void> {
  let level = contents;
  while (level.length > 0) {
    const read = await inParallel(level, (content) => describe(shelf, held.repository, content));
    for (const manifest of read) {
      held.manifests.set(manifest.digest, manifest);
    }
    const parts = [...new Set(read.flatMap((manifest) => manifest.parts))].filter((part) => !held.manifests.has(part));
    // One that is missing was lost before, or is kept elsewhere: there is nothing of it to read or to delete.
    const found = await inParallel(parts, (part) => shelf.manifest(held.repository, part));
    level = found.filter((content) => content !== undefined);
  }
}

async function describe(shelf: Shelf, repository: string, content: ManifestContent): Promise<HeldManifest> {
  const { digest, mediaType } = content;
  const manifest = parsed(repository, content);
  const isIndex = INDEX_TYPES.includes(mediaType);
  const { digest: config, mediaType: configType } = fieldsOf(manifest.config);
  const subject = fieldsOf(manifest.subject).digest;
  const image = isIndex
    ? contentsOf(manifest).images[0]?.digest
    : manifest.artifactType === undefined && CONFIG_TYPES.includes(String(configType))
      ? digest
      : undefined;
  // An index can lead to what is no image, or is there no more: then there are no labels, and it stays.
  const found = image === undefined ? undefined : await unlessUnfit(shelf.inspect(repository, image, ""));
  const said = found instanceof VersionedImageError ? undefined : found;
  return {
    digest,
    parts: [...(isIndex ? partsOf(manifest) : []), ...otherName(content)],
    subject: isDigest(subject) ? subject : undefined,
    config: isDigest(config) ? config : undefined,
    labels: said?.labels,
    created: said && builtAt(said),
  };
}

function parsed(repository: string, { digest, bytes }: ManifestContent): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new VersionedImageError(
      "RegistryProtocol",
      `${repository}@${digest} is not a valid manifest, so it is not known which images it needs, and nothing ` +
        "was deleted. Delete it by hand if it is not needed.",
      { cause: error },
    );
  }
}

/** One that is known by its sha512 is the same by its sha256: each keeps the other. */
function otherName({ digest, bytes }: ManifestContent): string[] {
  return digest.startsWith("sha256:") ? [] : [digestOf(bytes)];
}

/** All manifests of an index, attestations included. */
function partsOf({ manifests }: Record<string, unknown>): string[] {
  return Array.isArray(manifests) ? manifests.map((entry) => fieldsOf(entry).digest).filter(isDigest) : [];
}
