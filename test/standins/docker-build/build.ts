import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { builderOf } from "./builder";
import type { Image } from "./image";

/** Builds as the provider does, with buildx, and returns the digest of what was pushed. Secrets go by the environment, not by arguments. */
export async function build(image: Image): Promise<string> {
  const scratch = mkdtempSync(path.join(tmpdir(), "standin-"));
  try {
    const metadata = path.join(scratch, "metadata.json");
    await run(argumentsOf(image, metadata), environmentOf(image));
    return JSON.parse(readFileSync(metadata, "utf8"))["containerimage.digest"];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function argumentsOf(image: Image, metadata: string): string[] {
  const { location, named = {} } = image.context ?? { location: "." };
  const assignments = (option: string, values: Record<string, string> = {}) =>
    Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`]);
  const single = {
    "--file": image.dockerfile?.location,
    "--target": image.target || undefined,
    "--platform": image.platforms?.join(","),
    "--network": networkOf(image),
  };
  return [
    ...["buildx", "build", "--builder", builderOf(image.builder?.name)],
    ...["--progress=plain", "--provenance=false", "--sbom=false"],
    ...Object.entries(single).flatMap(([option, value]) => (value === undefined ? [] : [option, value])),
    ...assignments("--build-arg", image.buildArgs),
    ...assignments("--label", image.labels),
    ...Object.entries(named).flatMap(([name, context]) => ["--build-context", `${name}=${context.location}`]),
    ...(image.addHosts ?? []).flatMap((host) => ["--add-host", host]),
    ...Object.keys(image.secrets ?? {}).flatMap((id, index) => ["--secret", `id=${id},env=STANDIN_SECRET_${index}`]),
    ...(image.ssh ?? []).flatMap(({ id, paths }) => ["--ssh", paths ? `${id}=${paths.join(",")}` : id]),
    ...(image.cacheFrom ?? []).flatMap(({ raw }) => ["--cache-from", raw]),
    ...(image.cacheTo ?? []).flatMap(({ raw }) => ["--cache-to", raw]),
    ...(image.exports ?? []).flatMap(({ raw }) => ["--output", raw]),
    ...["--metadata-file", metadata, location],
  ];
}

/** The SDK says `default` where the program says nothing. */
function networkOf({ network }: Image): string | undefined {
  return network === "default" ? undefined : network;
}

function environmentOf({ secrets = {} }: Image): NodeJS.ProcessEnv {
  const values = Object.values(secrets).map((value, index) => [`STANDIN_SECRET_${index}`, value]);
  return { ...process.env, ...Object.fromEntries(values) };
}

function run(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let words = "";
    child.stdout.resume();
    child.stderr.on("data", (chunk) => {
      words += chunk;
    });
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve() : reject(new Error(words.trim()))));
  });
}
