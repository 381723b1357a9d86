import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { dumpYaml, type KubernetesObject } from "@kubernetes/client-node";

/** The file that the real provider would write an object to. */
function fileOf(directory: string, object: KubernetesObject): string {
  const { apiVersion = "", kind = "", metadata } = object;
  const group = apiVersion.replace("/", "_");
  const name = `${group}-${kind.toLowerCase()}-${metadata?.namespace ?? "default"}-${metadata?.name}.yaml`;
  return path.join(directory, kind === "CustomResourceDefinition" ? "0-crd" : "1-manifest", name);
}

export function writeManifest(directory: string, object: KubernetesObject): void {
  const file = fileOf(directory, object);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, dumpYaml(object));
}

export function removeManifest(directory: string, object: KubernetesObject): void {
  rmSync(fileOf(directory, object), { force: true });
}
