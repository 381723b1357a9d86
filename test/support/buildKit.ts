import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { createRegistryClient } from "../../components/registry";
import { imageStack } from "./project";
import type { Repo } from "./repo";
import type { TestStack } from "./stack";

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run these tests by npm test -- buildKit`);
  return value;
}

/** The Docker configurations of two BuildKit daemons, which share nothing; each knows its own by the name `farm`. */
export const farms = {
  get one(): string {
    return setting("VERSIONED_IMAGE_TEST_BUILDKIT");
  },
  get other(): string {
    return setting("VERSIONED_IMAGE_TEST_BUILDKIT_OTHER");
  },
};

/** Where the daemon of a farm listens. */
export function addressOf(farm: string): string {
  return JSON.parse(readFileSync(path.join(farm, "buildx/instances/farm"), "utf8")).Nodes[0].Endpoint;
}

/** A static busybox, for images that run something while they are built. */
export function busybox(): string {
  return setting("VERSIONED_IMAGE_TEST_BUSYBOX");
}

/** A stack with one image, `app`, that BuildKit builds. No Docker daemon answers it. */
export function farmStack(
  project: Repo,
  args: { build?: object; [name: string]: unknown },
  farm = farms.one,
  env: NodeJS.ProcessEnv = {},
): TestStack {
  const build = { builder: "BuildKit", builderName: "farm", ...args.build };
  const noDocker = { DOCKER_HOST: "unix:///nonexistent.sock" };
  return imageStack(project, { ...args, build }, { env: { DOCKER_CONFIG: farm, ...noDocker, ...env } });
}

/** What an index holds, as os/arch and digest. */
export async function platformsOf(repository: string, digest: string): Promise<Record<string, string>> {
  const found = await createRegistryClient().manifest(repository, digest, "pull");
  const { manifests = [] } = JSON.parse(found?.bytes.toString() ?? "{}");
  return Object.fromEntries(
    manifests.map(({ platform, digest: each }: { platform: { os: string; architecture: string }; digest: string }) => [
      `${platform.os}/${platform.architecture}`,
      each,
    ]),
  );
}

/** All that a registry hands out of an image: manifest, configuration and unpacked layers. */
export async function contentOf(repository: string, digest: string): Promise<Buffer> {
  const slash = repository.indexOf("/");
  const url = `http://${repository.slice(0, slash)}/v2${repository.slice(slash)}`;
  const bytes = async (part: string) => {
    const answer = await fetch(`${url}/${part}`, { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } });
    assert.equal(answer.status, 200, `${url}/${part}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const manifest = await bytes(`manifests/${digest}`);
  const { config, layers } = JSON.parse(manifest.toString()) as { config: Blob; layers: Blob[] };
  const unpacked = layers.map(async (layer) => gunzipSync(await bytes(`blobs/${layer.digest}`)));
  return Buffer.concat([manifest, await bytes(`blobs/${config.digest}`), ...(await Promise.all(unpacked))]);
}

interface Blob {
  digest: string;
}
