import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** The files of an image, as a registry keeps them. */
interface Files {
  diffIds: string[];
  layers: object[];
}

/** Pushes an image to a registry on this machine, and returns its digest. Default: one without files. */
export async function pushImage(
  repository: string,
  tag: string,
  labels: Record<string, string>,
  { diffIds, layers }: Files = { diffIds: [], layers: [] },
): Promise<string> {
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    config: { Labels: labels },
    rootfs: { type: "layers", diff_ids: diffIds },
  });
  await pushBlob(repository, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers,
  });
  await pushManifest(repository, tag, MANIFEST, manifest);
  return digestOf(manifest);
}

export async function pushBlob(repository: string, body: string | Buffer): Promise<void> {
  const base = addressOf(repository);
  const begun = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digestOf(body));
  const stored = await fetch(location, { method: "PUT", body });
  assert.equal(stored.status, 201, await stored.text());
}

/** Pushes a manifest under a tag or its digest. What it names must be there. */
export async function pushManifest(
  repository: string,
  reference: string,
  type: string,
  body: string | Buffer,
): Promise<void> {
  const options = { method: "PUT", headers: { "content-type": type }, body };
  const pushed = await fetch(`${addressOf(repository)}/manifests/${reference}`, options);
  assert.equal(pushed.status, 201, await pushed.text());
}

/** Pushes an image that the Docker daemon has, and returns its files, of which others of the repository can be made. */
export async function pushFiles(image: string, repository: string, tag: string): Promise<Files> {
  execFileSync("docker", ["tag", image, `${repository}:${tag}`], { stdio: "pipe" });
  execFileSync("docker", ["push", "--quiet", `${repository}:${tag}`], { stdio: "pipe" });
  const base = addressOf(repository);
  const manifest = await fetch(`${base}/manifests/${tag}`, { headers: { accept: MANIFEST } });
  const { config, layers } = (await manifest.json()) as { config: { digest: string }; layers: object[] };
  const { rootfs } = (await (await fetch(`${base}/blobs/${config.digest}`)).json()) as {
    rootfs: { diff_ids: string[] };
  };
  return { diffIds: rootfs.diff_ids, layers };
}

function addressOf(repository: string): string {
  const slash = repository.indexOf("/");
  return `http://${repository.slice(0, slash)}/v2/${repository.slice(slash + 1)}`;
}

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
