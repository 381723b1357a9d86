import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

const ROOT = path.resolve(__dirname, "../../..");

export type ProviderName = "docker" | "kubernetes";

/** A program that serves a provider. */
export interface PluginFile {
  what: string;
  file: string;
}

export function standinOf(name: ProviderName): PluginFile {
  return { what: "stand-in", file: path.join(ROOT, "test/standins", name, "bin", `pulumi-resource-${name}`) };
}

/**
 * The real plugin, of the version whose SDK the project uses: the one that VERSIONED_IMAGE_DOCKER_PLUGIN (or
 * VERSIONED_IMAGE_KUBERNETES_PLUGIN) names, else the one that Pulumi installed; undefined if there is none.
 */
export function realPluginOf(name: ProviderName): PluginFile | undefined {
  const home = process.env.PULUMI_HOME || path.join(homedir(), ".pulumi");
  const folder = path.join(home, "plugins", `resource-${name}-v${sdkVersionOf(name)}`);
  const file =
    process.env[`VERSIONED_IMAGE_${name.toUpperCase()}_PLUGIN`] || path.join(folder, `pulumi-resource-${name}`);
  return existsSync(file) ? { what: "real plugin", file } : undefined;
}

export function sdkVersionOf(name: ProviderName): string {
  const file = path.join(ROOT, "node_modules/@pulumi", name, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** The stand-in, and the real plugin where there is one. */
export function pluginsOf(name: ProviderName): PluginFile[] {
  const real = realPluginOf(name);
  return real ? [standinOf(name), real] : [standinOf(name)];
}
