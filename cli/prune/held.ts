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
