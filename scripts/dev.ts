import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { type Environment, prepare } from "./setup";
import type { DockerDaemon } from "./setup/docker";
import { DEV, ROOT } from "./setup/paths";
import type { Registry } from "./setup/registry";
import { MissingError } from "./setup/say";

/** The port of the registry in Pulumi.dev.yaml. */
const REGISTRY_PORT = 5000;
const SERVICES = path.join(DEV, "services.json");

/** The services that the dev stack started and that still have to be stopped. */
export interface Services {
  docker?: DockerDaemon;
  registry?: Registry;
}

export function readServices(): Services {
  return existsSync(SERVICES) ? JSON.parse(readFileSync(SERVICES, "utf8")) : {};
}

export function writeServices(services: Services): void {
  mkdirSync(DEV, { recursive: true });
  writeFileSync(SERVICES, JSON.stringify(services, undefined, 2));
}

export async function prepareDev(): Promise<Environment> {
  const environment = await prepare({
    home: DEV,
    registryPort: REGISTRY_PORT,
    known: readServices(),
    started: writeServices,
  });
  Object.assign(process.env, environment.env);
  return environment;
}

/**
 * The dev stack of the project's own Pulumi.yaml and Pulumi.dev.yaml, with a state of its own. The program runs in this
 * process, as the Automation API has it; the user's files are left as they are.
 */
export async function devStack(overrides: Record<string, string> = {}): Promise<Stack> {
  const own = await LocalWorkspace.create({ workDir: ROOT });
  const [project, settings] = await Promise.all([own.projectSettings(), own.stackSettings("dev")]);
  const workDir = path.join(DEV, "project");
  const state = path.join(DEV, "state");
  mkdirSync(workDir, { recursive: true });
  mkdirSync(state, { recursive: true });
  process.chdir(ROOT);
  const stack = await LocalWorkspace.createOrSelectStack(
    {
      stackName: "dev",
      projectName: project.name,
      program: async () => ({ ...(await import(path.join(ROOT, "index.ts"))) }),
    },
    {
      workDir,
      projectSettings: { ...project, main: path.join(ROOT, project.main ?? "."), backend: { url: `file://${state}` } },
      envVars: { PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "dev" },
    },
  );
  const config = Object.entries({ ...settings.config, ...overrides });
  await stack.setAllConfig(Object.fromEntries(config.map(([key, value]) => [key, { value: String(value) }])));
  return stack;
}

/** Runs a command, and ends with one sentence where something is missing that only the user can bring. */
export async function main(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(error instanceof MissingError ? error.message : describe(error));
    process.exitCode = 1;
  }
}

function describe(error: unknown): string {
  // Pulumi has said in its own output what went wrong.
  return (error as Error).name === "CommandError" ? "" : String((error as Error).stack ?? error);
}
