import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isDeepStrictEqual } from "node:util";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { contentsOf, fieldsOf, platformOf } from "../../../components/registry";
import { manifestFields } from "../parts";

/** Where the images of two builds begin to differ. */
export type Difference =
  | { kind: "platforms"; published: string[]; rebuilt: string[] }
  | { kind: "layer"; platform: string; number: number; instruction: string; published: string; rebuilt: string }
  | { kind: "config"; platform: string; fields: string[] };

/**
 * The first difference between what two builds made; undefined if there is none. The configuration says what all layers hold once they are
 * unpacked, so that how they are packed makes no difference.
 */
export function firstDifference(published: BuiltImage[], rebuilt: BuiltImage[]): Difference | undefined {
  const names = (images: BuiltImage[]) => images.map(({ platform }) => platform).sort();
  if (!isDeepStrictEqual(names(published), names(rebuilt))) {
    return { kind: "platforms", published: names(published), rebuilt: names(rebuilt) };
  }
  for (const image of published) {
    const other = rebuilt.find(({ platform }) => platform === image.platform);
    if (other && image.configDigest !== other.configDigest) {
      return between(image, other);
    }
  }
  return undefined;
}

function between(published: BuiltImage, rebuilt: BuiltImage): Difference {
  const { platform } = published;
  const [before, after] = [published, rebuilt].map(({ config }) => list(fieldsOf(config.rootfs).diff_ids));
  const count = Math.max(before?.length ?? 0, after?.length ?? 0);
  for (let index = 0; index < count; index++) {
    if (before?.[index] !== after?.[index]) {
      return {
        kind: "layer",
        platform,
        number: index + 1,
        instruction: instructionOf(published, index) ?? instructionOf(rebuilt, index) ?? "(unknown)",
        published: published.layers[index] ?? "",
        rebuilt: rebuilt.layers[index] ?? "",
      };
    }
  }
  const keys = [...new Set([...Object.keys(published.config), ...Object.keys(rebuilt.config)])].sort();
  const fields = keys.filter((key) => !isDeepStrictEqual(published.config[key], rebuilt.config[key]));
  return { kind: "config", platform, fields };
}

/** The instruction that made a layer, as the image's history has it. */
function instructionOf({ config }: BuiltImage, layer: number): string | undefined {
  const made = list(config.history)
    .map(fieldsOf)
    .filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const words = made[layer]?.created_by;
  return typeof words === "string" ? words.replace(/ # buildkit$/, "") : undefined;
}

/** An image as a registry or a folder has it. */
export interface BuiltImage {
  platform: string;
  /** The digest of its configuration, which names the unpacked content of each layer. */
  configDigest: string;
  config: Record<string, unknown>;
  /** The layers' digests, as they are packed. */
  layers: string[];
  /** Whether its manifest says what it is, too. */
  isAnnotated: boolean;
}

/** Gives the bytes that a digest is of. Registries tell manifests from other content. */
export interface Blobs {
  manifest(digest: string): Promise<Buffer>;
  blob(digest: string): Promise<Buffer>;
}

/** The images that a digest names: those of an index, or the one. What is not understood of an index counts as one like no other. */
export async function imagesIn(blobs: Blobs, digest: string): Promise<BuiltImage[]> {
  const manifest = manifestFields(digest, await blobs.manifest(digest));
  if (Array.isArray(manifest.manifests)) {
    const { images, unread } = contentsOf(manifest);
    const found = await Promise.all(images.map((image) => imagesIn(blobs, image.digest)));
    const nothing = { configDigest: "", config: {}, layers: [], isAnnotated: false };
    const strange = unread.map((platform) => ({ platform, ...nothing }));
    return [...found.flat(), ...strange];
  }
  const configDigest = String(fieldsOf(manifest.config).digest);
  const config = manifestFields(configDigest, await blobs.blob(configDigest));
  return [
    {
      platform: platformOf(config),
      configDigest,
      config,
      layers: list(manifest.layers).map((layer) => String(fieldsOf(layer).digest)),
      isAnnotated: Object.keys(fieldsOf(manifest.annotations)).length > 0,
    },
  ];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a layer has at each path, in words that tell one from any other. */
export type LayerFiles = Map<string, string>;

/** Lists what a layer holds, packed by gzip or zstd or not at all. */
export async function filesOf(layer: Buffer): Promise<LayerFiles> {
  const files: LayerFiles = new Map();
  const tar = extract();
  tar.on("entry", (header, content, next) => {
    const hash = createHash("sha256");
    content.on("data", (chunk) => hash.update(chunk as Buffer));
    content.on("end", () => {
      files.set(header.name, describe(header, hash.digest("hex")));
      next();
    });
  });
  const unpack = unpackerOf(layer);
  await (unpack ? pipeline(Readable.from([layer]), unpack, tar) : pipeline(Readable.from([layer]), tar));
  return files;
}

function unpackerOf(layer: Buffer) {
  const magic = layer.subarray(0, 4).toString("hex");
  if (magic.startsWith("1f8b")) {
    return createGunzip();
  }
  return magic === "28b52ffd" ? createZstdDecompress() : undefined;
}

function describe({ type, mode = 0, uid, gid, mtime, linkname }: Header, hash: string): string {
  return [type, mode.toString(8), uid, gid, mtime?.getTime(), linkname, hash].join(" ");
}

/** The paths at which two layers differ, with what became of each in the second. */
export function changedFiles(published: LayerFiles, rebuilt: LayerFiles): string[] {
  const names = [...new Set([...published.keys(), ...rebuilt.keys()])].sort();
  return names.flatMap((name) => {
    const [one, other] = [published.get(name), rebuilt.get(name)];
    if (one === other) {
      return [];
    }
    if (one === undefined) {
      return [`${name} (not in the published image)`];
    }
    return [other === undefined ? `${name} (only in the published image)` : name];
  });
}
