import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { endpointOf } from "./builder";
import type { Image } from "./image";

/** Builds with BuildKit's own client, and returns the digest of what was pushed. Secrets go by the environment, not by arguments. */
export async function build(image: Image): Promise<string> {
  const scratch = mkdtempSync(path.join(tmpdir(), "standin-"));
  try {
    const metadata = path.join(scratch, "metadata.json");
    await run(
      ["--addr", endpointOf(image.builder?.name), "build", "--progress=plain", ...argumentsOf(image, metadata)],
      environmentOf(image),
    );
    return JSON.parse(readFileSync(metadata, "utf8"))["containerimage.digest"];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function argumentsOf(image: Image, metadata: string): string[] {
  const { location, named = {} } = image.context ?? { location: "." };
  const dockerfile = image.dockerfile?.location ?? path.join(location, "Dockerfile");
  const locals: Record<string, string> = { context: location, dockerfile: path.dirname(dockerfile) };
  const options: Record<string, string> = { filename: path.basename(dockerfile) };
  Object.entries(named).forEach(([name, context], index) => {
    const isImage = context.location.startsWith("docker-image://");
    options[`context:${name}`] = isImage ? context.location : `local:named${index}`;
    if (!isImage) {
      locals[`named${index}`] = context.location;
    }
  });
  for (const [kind, values] of Object.entries({ "build-arg": image.buildArgs, label: image.labels })) {
    for (const [name, value] of Object.entries(values ?? {})) {
      options[`${kind}:${name}`] = value;
    }
  }
  const single = {
    target: image.target || undefined,
    platform: image.platforms?.join(","),
    "force-network-mode": networkOf(image),
  };
  for (const [name, value] of Object.entries({ ...single, "add-hosts": hostsOf(image) })) {
    if (value !== undefined) {
      options[name] = value;
    }
  }
  return [
    "--frontend=dockerfile.v0",
    ...Object.entries(locals).flatMap(([name, directory]) => ["--local", `${name}=${directory}`]),
    ...Object.entries(options).flatMap(([name, value]) => ["--opt", `${name}=${value}`]),
    ...Object.keys(image.secrets ?? {}).flatMap((id, index) => ["--secret", `id=${id},env=STANDIN_SECRET_${index}`]),
    ...(image.ssh ?? []).flatMap(({ id, paths }) => ["--ssh", paths ? `${id}=${paths.join(",")}` : id]),
    ...(image.cacheFrom ?? []).flatMap(({ raw }) => ["--import-cache", raw]),
    ...(image.cacheTo ?? []).flatMap(({ raw }) => ["--export-cache", raw]),
    ...(image.exports ?? []).flatMap(({ raw }) => ["--output", raw]),
    "--metadata-file",
    metadata,
  ];
}

/** The SDK says `default` where the program says nothing. */
function networkOf({ network }: Image): string | undefined {
  return network === "default" ? undefined : network;
}

function hostsOf({ addHosts }: Image): string | undefined {
  return addHosts?.map((host) => host.replace(":", "=")).join(",");
}

function environmentOf({ secrets = {} }: Image): NodeJS.ProcessEnv {
  const values = Object.values(secrets).map((value, index) => [`STANDIN_SECRET_${index}`, value]);
  return { ...process.env, ...Object.fromEntries(values) };
}

function run(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("buildctl", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let words = "";
    child.stdout.resume();
    child.stderr.on("data", (chunk) => {
      words += chunk;
    });
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve() : reject(new Error(words.trim()))));
  });
}
