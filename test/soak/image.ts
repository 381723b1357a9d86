import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-fs";
import { must } from "./failure";

/** What is at each path: "755 " or "644 " and the content. */
export type Files = Record<string, string>;

/** An image, as whoever pulls it gets it. */
export interface PulledImage {
  digest: string;
  labels: Record<string, string>;
  files: Files;
}

export const MANIFEST_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
].join(", ");

interface Manifest {
  config: { digest: string };
  layers: { digest: string }[];
}

/** Reads an image from a registry, without this package and without Docker: of its files, those in the directories named. */
export async function pull(host: string, name: string, reference: string, directories: string[]): Promise<PulledImage> {
  const url = (what: string) => `http://${host}/v2/${name}/${what}`;
  const response = await fetch(url(`manifests/${reference}`), { headers: { accept: MANIFEST_TYPES } });
  const body = Buffer.from(await response.arrayBuffer());
  must(response.status === 200, () => `${name}:${reference} is answered with ${response.status}: ${body}`);
  const { config, layers } = JSON.parse(body.toString()) as Manifest;
  const root = mkdtempSync(path.join(tmpdir(), "image-"));
  try {
    for (const { digest } of layers) {
      await unpack(await blob(url(`blobs/${digest}`), digest), root, directories);
    }
    const settings = JSON.parse((await blob(url(`blobs/${config.digest}`), config.digest)).toString());
    return { digest: sha256(body), labels: settings.config.Labels ?? {}, files: filesIn(root, directories) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The files of some directories, by their paths below the root. */
export function filesIn(root: string, directories: string[]): Files {
  const names = directories.flatMap((directory) =>
    readdirSync(path.join(root, directory), { recursive: true, encoding: "utf8" }).map((name) =>
      path.join(directory, name),
    ),
  );
  const files = names.sort().filter((name) => lstatSync(path.join(root, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, describe(path.join(root, name))]));
}

function describe(file: string): string {
  return `${lstatSync(file).mode & 0o100 ? 755 : 644} ${readFileSync(file, "utf8")}`;
}

async function blob(url: string, digest: string): Promise<Buffer> {
  const response = await fetch(url);
  const body = Buffer.from(await response.arrayBuffer());
  must(response.status === 200 && sha256(body) === digest, () => `${url} is not what its digest says`);
  return body;
}

async function unpack(layer: Buffer, root: string, directories: string[]): Promise<void> {
  const isWanted = (file: string) => directories.includes(path.relative(root, file).split(path.sep)[0] ?? "");
  await pipeline(Readable.from([gunzipSync(layer)]), extract(root, { ignore: (file) => !isWanted(file) }));
}

function sha256(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
