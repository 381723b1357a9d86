import * as assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { createRegistryClient, type RegistryClient } from "../../components/registry";
import { pushBlob, pushManifest } from "../../test/support/pushImage";

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

/** Writes all that a repository of a registry on this machine has under its tags into a folder, as an OCI image layout. */
export async function saveLayout(repository: string, folder: string): Promise<void> {
  await mkdir(path.join(folder, "blobs", "sha256"), { recursive: true });
  const client = createRegistryClient({ env: {} });
  const manifests: Descriptor[] = [];
  for (const tag of (await client.tags(repository)).sort()) {
    manifests.push({ ...(await saveManifest(client, repository, tag, folder)), annotations: { [TAG]: tag } });
  }
  await writeJson(path.join(folder, "oci-layout"), { imageLayoutVersion: "1.0.0" });
  await writeJson(path.join(folder, "index.json"), { schemaVersion: 2, manifests });
}

async function saveManifest(
  client: RegistryClient,
  repository: string,
  reference: string,
  folder: string,
): Promise<Descriptor> {
  const manifest = await client.manifest(repository, reference);
  assert.ok(manifest, `${repository} has no ${reference}`);
  const { mediaType, digest, bytes } = manifest;
  await writeFile(fileOf(digest, folder), bytes);
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString()) as Manifest;
  for (const part of [...(config ? [config] : []), ...layers]) {
    const blob = await client.blob(repository, part.digest);
    assert.ok(blob, `${repository} has no ${part.digest}`);
    await writeFile(fileOf(part.digest, folder), blob);
  }
  for (const part of manifests) {
    await saveManifest(client, repository, part.digest, folder);
  }
  return { mediaType, digest, size: bytes.length };
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
    await pushWhole(folder, repository, tag, manifest);
    tags[tag] = manifest.digest;
  }
  return tags;
}

async function pushWhole(folder: string, repository: string, reference: string, { digest, mediaType }: Descriptor) {
  const bytes = await readFile(fileOf(digest, folder));
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString()) as Manifest;
  for (const part of [...(config ? [config] : []), ...layers]) {
    await pushBlob(repository, await readFile(fileOf(part.digest, folder)));
  }
  for (const part of manifests) {
    await pushWhole(folder, repository, part.digest, part);
  }
  await pushManifest(repository, reference, mediaType, bytes);
}

const fileOf = (digest: string, folder: string) => path.join(folder, "blobs", digest.replace(":", path.sep));

function writeJson(file: string, value: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
