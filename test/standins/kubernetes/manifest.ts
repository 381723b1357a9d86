import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { dumpYaml } from "@kubernetes/client-node";
import type { Manifest } from "./object";

const RESOURCE_DEFINITIONS = "0-crd";
const OTHERS = "1-manifest";

/** Writes an object to a file that its owner alone may read: it may hold secrets. */
export function writeManifest(directory: string, object: Manifest): void {
  for (const part of [RESOURCE_DEFINITIONS, OTHERS]) {
    mkdirSync(path.join(directory, part), { recursive: true, mode: 0o700 });
  }
  writeFileSync(fileOf(directory, object), dumpYaml(object, { lineWidth: -1 }), { mode: 0o600 });
}

export function removeManifest(directory: string, object: Manifest): void {
  rmSync(fileOf(directory, object), { force: true });
}

/** The file that the real provider would write an object to. */
function fileOf(directory: string, { apiVersion, kind, metadata: { namespace = "default", name } }: Manifest): string {
  const file = `${apiVersion.replace("/", "_")}-${kind.toLowerCase()}-${namespace}-${name}.yaml`;
  return path.join(directory, kind === "CustomResourceDefinition" ? RESOURCE_DEFINITIONS : OTHERS, file);
}
