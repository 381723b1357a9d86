import { fieldsOf, type ManifestContent, type Referrer, referrersIn } from "../registry";
import { notCopyable } from "./errors";
import { type Content, type Place, readContent } from "./graph";
import { fieldsIn, listOf } from "./parts";

/** What refers to an image, and is copied with it: signatures, attestations, lists of what it is made of. */
export interface Attached {
  /** What has referrers by OCI's rules, each after what it refers to itself. */
  subjects: Subject[];
  /** What cosign keeps under tags that it makes of the digest. */
  tagged: Tagged[];
}

/** A manifest to which others refer. */
export interface Subject {
  digest: string;
  referrers: Referring[];
}

export interface Referring {
  /** As the source lists it. */
  entry: Referrer;
  content: Content;
}

export interface Tagged {
  tag: string;
  content: Content;
}

/** The ends of cosign's tags. */
const COSIGN = ["sig", "att", "sbom"];

/** More than any image has. */
const MOST_REFERRERS = 1000;

/**
 * Finds what refers to any of an image's manifests, and to that in turn. Throws NotCopyable, and what the registry client throws: a source
 * that does not tell is never one without signatures.
 */
export async function readAttached(content: Content, from: Place): Promise<Attached> {
  const attached: Attached = { subjects: [], tagged: [] };
  const seen = new Set<string>();

  async function lookAt({ digest }: ManifestContent): Promise<void> {
    const entries = await referrersOf(from, digest);
    const fresh = entries.filter((entry) => !seen.has(entry.digest));
    for (const entry of fresh) {
      seen.add(entry.digest);
    }
    if (seen.size > MOST_REFERRERS) {
      throw notCopyable(
        `${from.repository}@${content.root.digest}`,
        `more than ${MOST_REFERRERS} manifests refer to it`,
        "Delete those that are not needed.",
      );
    }
    const subject: Subject = { digest, referrers: [] };
    attached.subjects.push(subject);
    for (const entry of fresh) {
      const remedy =
        `It is listed as a referrer of ${digest} (in registries without a referrers API: by the tag ${referrersTag(digest)}). Push it ` +
        "there again, or remove it from the list, then copy the image again.";
      const referring = await readContent(from, entry.digest, remedy);
      subject.referrers.push({ entry, content: referring });
      await lookAt(referring.root);
    }
  }

  await Promise.all(
    content.manifests.map(async (manifest) => {
      await Promise.all([
        lookAt(manifest),
        ...COSIGN.map(async (end) => {
          const tag = `${referrersTag(manifest.digest)}.${end}`;
          const tagged = await from.registry.manifest(from.repository, tag);
          if (tagged) {
            attached.tagged.push({ tag, content: await readContent(from, tagged.digest) });
          }
        }),
      ]);
    }),
  );
  return attached;
}

/** What a repository lists for a manifest: by the API for it, or under the tag that takes its place in registries without it. */
export async function referrersOf({ registry, repository }: Place, digest: string): Promise<Referrer[]> {
  const listed = await registry.transfers(repository).referrers(digest);
  return listed ?? (await readList({ registry, repository }, digest)).entries;
}

/** Where registries without the API have the list of what refers to a manifest: by OCI's rules no more than 64 digits of its digest. */
export function referrersTag(digest: string): string {
  const [kind, digits = ""] = digest.split(":");
  return `${kind}-${digits.slice(0, 64)}`;
}

/** That list, and what it says beside its entries. */
export async function readList(
  { registry, repository }: Place,
  digest: string,
): Promise<{ entries: Referrer[]; index: Record<string, unknown> }> {
  const list = await registry.manifest(repository, referrersTag(digest));
  const index = list ? fieldsIn(list.bytes, `${repository}@${list.digest}`) : {};
  return { entries: referrersIn(index), index };
}

/** Whether all layers of a manifest are in another one, too. The configuration names them, so that it is another one for others. */
export function holdsAll(more: ManifestContent, less: ManifestContent, repository: string): boolean {
  const has = layersOf(more, repository);
  return layersOf(less, repository).every((digest) => has.includes(digest));
}

function layersOf({ bytes, digest }: ManifestContent, repository: string): unknown[] {
  return listOf(fieldsIn(bytes, `${repository}@${digest}`).layers).map((layer) => fieldsOf(layer).digest);
}
