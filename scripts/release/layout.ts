import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";

/** What refers to content, as the OCI image specification has it. */
interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

interface Manifest {
  config?: Descriptor;
  layers?: Descriptor[];
  manifests?: Descriptor[];
}

/** How an image layout says a tag. */
const TAG = "org.opencontainers.image.ref.name";

const MANIFESTS = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
];

/** Writes all that a repository of a registry on this machine has under its tags into a folder, as an OCI image layout. */
export async function saveLayout(repository: string, folder: string): Promise<void> {
  await mkdir(path.join(folder, "blobs", "sha256"), { recursive: true });
  const { tags } = (await (await get(repository, "tags/list")).json()) as { tags: string[] };
  const manifests: Descriptor[] = [];
  for (const tag of tags.sort()) {
    manifests.push({ ...(await saveManifest(repository, tag, folder)), annotations: { [TAG]: tag } });
  }
  await writeJson(path.join(folder, "oci-layout"), { imageLayoutVersion: "1.0.0" });
  await writeJson(path.join(folder, "index.json"), { schemaVersion: 2, manifests });
}

async function saveManifest(repository: string, reference: string, folder: string): Promise<Descriptor> {
  const answer = await get(repository, `manifests/${reference}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const digest = await saveBlob(bytes, folder);
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString()) as Manifest;
  for (const part of [...(config ? [config] : []), ...layers]) {
    const blob = await get(repository, `blobs/${part.digest}`);
    await saveBlob(Buffer.from(await blob.arrayBuffer()), folder);
  }
  for (const part of manifests) {
    await saveManifest(repository, part.digest, folder);
  }
  return { mediaType: answer.headers.get("content-type") ?? "", digest, size: bytes.length };
}

async function saveBlob(bytes: Buffer, folder: string): Promise<string> {
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await writeFile(fileOf(digest, folder), bytes);
  return digest;
}

/** The labels of the images under each tag of an OCI image layout. Throws an error for one of several platforms. */
export async function labelsOf(folder: string): Promise<Record<string, Record<string, string>>> {
  const labels: Record<string, Record<string, string>> = {};
  const read = async (digest: string) => JSON.parse(await readFile(fileOf(digest, folder), "utf8"));
  for (const [tag, { digest }] of Object.entries(await tagsOf(folder))) {
    const { config } = await read((await read(digest)).config.digest);
    labels[tag] = config.Labels;
  }
  return labels;
}

async function tagsOf(folder: string): Promise<Record<string, Descriptor>> {
  const { manifests } = JSON.parse(await readFile(path.join(folder, "index.json"), "utf8")) as Required<Manifest>;
  return Object.fromEntries(manifests.map((manifest) => [manifest.annotations?.[TAG], manifest]));
}

/** Pushes an OCI image layout to a repository of a registry on this machine, and returns the tags with their digests. */
export async function pushLayout(folder: string, repository: string): Promise<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const [tag, manifest] of Object.entries(await tagsOf(folder))) {
    await pushManifest(folder, repository, tag, manifest);
    tags[tag] = manifest.digest;
  }
  return tags;
}

async function pushManifest(folder: string, repository: string, reference: string, manifest: Descriptor) {
  const bytes = await readFile(fileOf(manifest.digest, folder));
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString()) as Manifest;
  for (const { digest } of [...(config ? [config] : []), ...layers]) {
    await pushBlob(repository, digest, await readFile(fileOf(digest, folder)));
  }
  for (const part of manifests) {
    await pushManifest(folder, repository, part.digest, part);
  }
  await put(`${addressOf(repository)}/manifests/${reference}`, bytes, manifest.mediaType);
}

async function pushBlob(repository: string, digest: string, bytes: Buffer): Promise<void> {
  const base = addressOf(repository);
  const begun = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digest);
  await put(location, bytes, "application/octet-stream");
}

async function put(url: string | URL, bytes: Buffer, type: string): Promise<void> {
  const body = new Uint8Array(bytes);
  const answer = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
  if (!answer.ok) {
    throw new Error(`PUT ${url} returned ${answer.status}: ${await answer.text()}`);
  }
}

async function get(repository: string, what: string): Promise<Response> {
  const url = `${addressOf(repository)}/${what}`;
  const answer = await fetch(url, { headers: { accept: MANIFESTS.join(", ") } });
  if (!answer.ok) {
    throw new Error(`GET ${url} returned ${answer.status}: ${await answer.text()}`);
  }
  return answer;
}

function addressOf(repository: string): string {
  const slash = repository.indexOf("/");
  return `http://${repository.slice(0, slash)}/v2/${repository.slice(slash + 1)}`;
}

const fileOf = (digest: string, folder: string) => path.join(folder, "blobs", digest.replace(":", path.sep));

function writeJson(file: string, value: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
