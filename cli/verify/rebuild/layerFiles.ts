import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract, type Header } from "tar-stream";

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
    return [other === undefined ? `${name} (in the published image alone)` : name];
  });
}
