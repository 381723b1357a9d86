import { digestOf, type ManifestContent } from "./descriptor";
import { codesIn } from "./errorMessage";
import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import { artifactIn, CONFIG_LIMIT, configDigestOf, type Found, notFound } from "./image";
import { fieldsOf, isObject } from "./json";
import {
  digestIn,
  exactBytes,
  exactObjectIn,
  INDEX_TYPES,
  MANIFEST_TYPES,
  OCI_TYPES,
  statedDigest,
  typeOf,
  verifyContent,
} from "./media";
import { contentsOf } from "./platform";
import type { Answer } from "./request";
import { TAG_REFUSALS } from "./tagManifest";

/** What became of an image that was to be labelled. */
export type Labelled =
  /** What the registry has now, under its digest alone. */
  | { kind: "labelled"; content: ManifestContent }
  /** The registry does not have the image, or not all of it (any more). */
  | { kind: "absent" }
  /** The registry does not take the labelled one. */
  | { kind: "refused"; status: number; words: string };

type Labels = Record<string, string>;

/** What names content in a manifest or an index. */
type Descriptor = Record<string, unknown>;

/** To which image of an index an attestation belongs. */
const ATTESTED = "vnd.docker.reference.digest";

/** The registry's words for content that went between two requests, or for an upload that it has ended already. */
const LOST = ["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "BLOB_UPLOAD_UNKNOWN"];

function isLost({ body }: Answer): boolean {
  return codesIn(body.toString()).some((code) => LOST.includes(code));
}

/** An answer that ends the labelling: nothing where something was to be read, or the refusal of what was written. */
class Stopped extends Error {
  constructor(
    readonly kind: "absent" | "refused",
    readonly answer: Answer,
  ) {
    super();
  }
}

/** Puts the labelled image into the registry. Where content gets lost meanwhile, it is done once more from the start. */
export async function labelImage(fetcher: Fetcher, digest: string, labels: Labels): Promise<Labelled> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { kind: "labelled", content: await labelledOf(fetcher, await read(fetcher, digest), labels) };
    } catch (error) {
      if (!(error instanceof Stopped)) {
        throw error;
      }
      const { kind, answer } = error;
      if (kind === "absent") {
        return { kind };
      }
      if (attempt === 2 || !isLost(answer)) {
        return { kind, status: answer.status, words: answer.words };
      }
    }
  }
}

function labelledOf(fetcher: Fetcher, found: Found, labels: Labels): Promise<ManifestContent> {
  return INDEX_TYPES.includes(found.type)
    ? labelledIndex(fetcher, found, labels)
    : labelledManifest(fetcher, found, labels);
}

async function labelledManifest(fetcher: Fetcher, found: Found, labels: Labels): Promise<ManifestContent> {
  const digest = configDigestOf(fetcher, found);
  const answer = await fetcher.other(`blobs/${digest}`, CONFIG_LIMIT);
  requireContent(answer, digest);
  const config = exactObjectIn(answer);
  const inner = objectOrNone(config.config, answer, "config");
  const own = { ...inner, Labels: sorted({ ...objectOrNone(inner.Labels, answer, "Labels"), ...labels }) };
  const bytes = exactBytes({ ...config, config: own });
  const moved = descriptorOf(fieldsOf(found.manifest.config), bytes);
  if (moved.digest !== digest) {
    await upload(fetcher, moved.digest, bytes);
  }
  return put(fetcher, found, { ...found.manifest, config: moved }, labels);
}

/** Each image in it is labelled; what else it lists, or what is not understood, stays. */
async function labelledIndex(fetcher: Fetcher, found: Found, labels: Labels): Promise<ManifestContent> {
  const images = new Set(contentsOf(found.manifest).images.map(({ digest }) => digest));
  const entries = Array.isArray(found.manifest.manifests) ? found.manifest.manifests : [];
  const made = new Map<unknown, ManifestContent>();
  for (const { digest, mediaType } of entries.map(fieldsOf)) {
    if (typeof digest === "string" && images.has(digest) && MANIFEST_TYPES.includes(String(mediaType))) {
      const image = await read(fetcher, digest);
      if (artifactIn(image.manifest) === undefined) {
        made.set(digest, await labelledOf(fetcher, image, labels));
      }
    }
  }
  if (made.size === 0) {
    throw notFound(fetcher, found);
  }
  const manifests = entries.map((entry) => (isObject(entry) ? entryOf(entry, made) : entry));
  return put(fetcher, found, { ...found.manifest, manifests }, labels);
}

function entryOf(entry: Descriptor, made: Map<unknown, ManifestContent>): Descriptor {
  const own = made.get(entry.digest);
  const annotations = fieldsOf(entry.annotations);
  const attested = made.get(annotations[ATTESTED]);
  return {
    ...(own ? descriptorOf(entry, own.bytes) : entry),
    ...(attested && { annotations: { ...annotations, [ATTESTED]: attested.digest } }),
  };
}

/** A descriptor that names other content; where the former could be found beside the registry, and that itself, go. */
function descriptorOf(former: Descriptor, bytes: Buffer): Descriptor & { digest: string } {
  const { data: _, urls: __, ...kept } = former;
  return { ...kept, digest: digestOf(bytes), size: bytes.length };
}

/** In the order of their names, so that what is made does not depend on who makes it. */
function sorted(labels: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** OCI manifests get the labels as annotations, which have no need of empty ones. */
function annotated(found: Found, manifest: Record<string, unknown>, labels: Labels): Record<string, unknown> {
  if (!OCI_TYPES.includes(found.type)) {
    return manifest;
  }
  const all = { ...objectOrNone(manifest.annotations, found, "annotations"), ...labels };
  const annotations = Object.entries(all).filter(([name]) => labels[name] !== "");
  return annotations.length === 0 && manifest.annotations === undefined
    ? manifest
    : { ...manifest, annotations: sorted(Object.fromEntries(annotations)) };
}

/** What is there already is left as it is. */
async function put(
  fetcher: Fetcher,
  found: Found,
  manifest: Record<string, unknown>,
  labels: Labels,
): Promise<ManifestContent> {
  const bytes = exactBytes(annotated(found, manifest, labels));
  const content = { digest: digestOf(bytes), mediaType: found.type, bytes };
  if (content.digest !== found.digest) {
    const answer = await fetcher.putManifest(content.digest, content);
    requireTaken(answer);
    statedDigest(answer, (stated) => digestOf(bytes, stated));
  }
  return content;
}

async function upload(fetcher: Fetcher, digest: string, bytes: Buffer): Promise<void> {
  const begun = await fetcher.beginUpload();
  requireTaken(begun);
  const ended = await fetcher.endUpload(begun, digest, bytes);
  // It was sent again after an answer that got lost, and the upload has come to its end by then: what is there decides.
  if (isLost(ended) && (await fetcher.other(`blobs/${digest}`)).status === 200) {
    return;
  }
  requireTaken(ended);
  statedDigest(ended, (stated) => digestOf(bytes, stated));
}

async function read(fetcher: Fetcher, digest: string): Promise<Found> {
  const answer = await fetcher.manifest("GET", digest);
  requireContent(answer, digest);
  statedDigest(answer, (stated) => digestIn(answer, stated));
  return { digest, type: typeOf(answer), manifest: exactObjectIn(answer), origin: answer.origin };
}

function requireContent(answer: Answer, digest: string): void {
  if (answer.status === 404) {
    throw new Stopped("absent", answer);
  }
  verifyContent(answer, digest);
}

function requireTaken(answer: Answer): void {
  if (TAG_REFUSALS.includes(answer.status)) {
    throw new Stopped("refused", answer);
  }
}

function objectOrNone(value: unknown, { origin }: { origin: string }, name: string): Record<string, unknown> {
  if (value !== undefined && value !== null && !isObject(value)) {
    throw protocol(origin, `${name} of the image is not an object`);
  }
  return value ?? {};
}
