import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { pulumiSiteAnswers } from "./online";
import { ROOT } from "./paths";
import { run, which } from "./run";
import { during, say } from "./say";

/** The folder of a stand-in, for PATH: the engine takes a plugin from there before one that is installed. */
export function standinOf(name: string): string {
  return path.join(ROOT, "test", "standins", name, "bin");
}

const INSTALL_LIMIT = 600_000;

/**
 * Makes sure of the provider plugins: those that are installed or can be downloaded, else the stand-ins. Returns the names
 * of those that are stood in for.
 */
export async function ensurePlugins(
  pulumi: string,
  env: NodeJS.ProcessEnv,
  names = ["docker", "kubernetes"],
): Promise<string[]> {
  const missing: string[] = [];
  for (const name of names) {
    if (!isInstalled(name, env) && !(await install(pulumi, name, env))) {
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    say(
      `The provider plugins of ${missing.join(" and ")} can't be downloaded: the project's stand-ins are used, ` +
        "with the same Docker daemon and " +
        "registry.",
    );
  }
  return missing;
}

function isInstalled(name: string, env: NodeJS.ProcessEnv): boolean {
  const plugins = path.join(env.PULUMI_HOME || path.join(env.HOME || homedir(), ".pulumi"), "plugins");
  const folder = `resource-${name}-v${versionOf(name)}`;
  const found = existsSync(plugins) ? readdirSync(plugins) : [];
  const installed = found.includes(folder) && !found.includes(`${folder}.partial`);
  return installed || which(`pulumi-resource-${name}`, env) !== undefined;
}

async function install(pulumi: string, name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!(await pulumiSiteAnswers())) {
    return false;
  }
  const args = ["plugin", "install", "resource", name, `v${versionOf(name)}`];
  try {
    await during(`Downloading the provider plugin of ${name}`, run(pulumi, args, { env, timeout: INSTALL_LIMIT }));
    return true;
  } catch (error) {
    say((error as Error).message);
    return false;
  }
}

function versionOf(name: string): string {
  const file = path.join(ROOT, "node_modules", "@pulumi", name, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}
