import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Pushes an image without files to a registry on this machine, and returns its digest. */
export async function pushImage(repository: string, tag: string, labels: Record<string, string>): Promise<string> {
  const slash = repository.indexOf("/");
  const base = `http://${repository.slice(0, slash)}/v2/${repository.slice(slash + 1)}`;
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    config: { Labels: labels },
    rootfs: { type: "layers", diff_ids: [] },
  });
  const begun = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digestOf(config));
  const stored = await fetch(location, { method: "PUT", body: config });
  assert.equal(stored.status, 201, await stored.text());
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: [],
  });
  const tagged = await fetch(`${base}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": MANIFEST },
    body: manifest,
  });
  assert.equal(tagged.status, 201, await tagged.text());
  return digestOf(manifest);
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
