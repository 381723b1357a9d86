import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import * as path from "node:path";
import { CommandError, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { type Environment, prepare, type Services } from "./setup";
import { isAlive } from "./setup/exclusively";
import { DEV, ROOT } from "./setup/paths";
import { MissingError, say } from "./setup/say";

/** The port of the registry in Pulumi.dev.yaml. */
const REGISTRY_PORT = 5000;
const SERVICES = path.join(DEV, "services.json");

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

/** The dev stack, with the settings of the project's own Pulumi.dev.yaml. */
export async function devStack(overrides: Record<string, string> = {}): Promise<Stack> {
  const own = await LocalWorkspace.create({ workDir: ROOT });
  const { config } = await own.stackSettings("dev");
  return exampleStack({ directory: ROOT, home: DEV, config: { ...config, ...overrides } });
}

interface ExamplePlace {
  /** The clone whose images are published. */
  directory: string;
  /** Where the stack's state is kept. */
  home: string;
  config: Record<string, unknown>;
}

/**
 * A stack of the project's own Pulumi.yaml, with a state of its own. The program runs in this process, as the Automation
 * API has it; the user's files are left as they are.
 */
export async function exampleStack({ directory, home, config }: ExamplePlace): Promise<Stack> {
  const project = await (await LocalWorkspace.create({ workDir: ROOT })).projectSettings();
  const [workDir, state] = [path.join(home, "project"), path.join(home, "state")];
  mkdirSync(workDir, { recursive: true });
  mkdirSync(state, { recursive: true });
  removeDeadLocks(state);
  process.chdir(directory);
  const stack = await LocalWorkspace.createOrSelectStack(
    {
      stackName: "dev",
      projectName: project.name,
      program: async () => {
        // A module is run once, but a second update runs the program again.
        const module = require.resolve(path.join(ROOT, "index.ts"));
        delete require.cache[module];
        return require(module);
      },
    },
    {
      workDir,
      projectSettings: { ...project, main: path.join(directory, project.main ?? ".") },
      envVars: {
        PULUMI_BACKEND_URL: `file://${state}`,
        PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "dev",
      },
    },
  );
  await stack.removeAllConfig(Object.keys(await stack.getAllConfig()));
  await stack.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value: String(value) }])),
  );
  return stack;
}

/** A run that was killed leaves its lock on the state; one whose process has ended protects nothing. */
function removeDeadLocks(state: string): void {
  const locks = path.join(state, ".pulumi", "locks");
  for (const name of globSync("**/*.json", { cwd: locks })) {
    const file = path.join(locks, name);
    const lock = JSON.parse(readFileSync(file, "utf8")) as { pid: number; hostname: string };
    if (lock.hostname === hostname() && !isAlive(lock.pid)) {
      say(`Process ${lock.pid} was killed during an update of the dev stack: its lock is removed.`);
      rmSync(file);
    }
  }
}

/** Pulumi has shown what went wrong. */
class ShownError extends Error {}

/** Shows what Pulumi says during an operation. */
export const SHOW = {
  onOutput: (text: string) => process.stdout.write(text),
  onError: (text: string) => process.stderr.write(text),
  color: "auto" as const,
};

/** Waits for an operation whose words are shown, so that they are not repeated where it fails. */
export async function shown<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw error instanceof CommandError ? new ShownError() : error;
  }
}

/** Waits for work, unless the user ends it first: what was started can then be stopped. A second interrupt is not waited for. */
export function untilInterrupted<T>(work: Promise<T>): Promise<T> {
  const interrupted = new Promise<never>((_, reject) => {
    const end = (why: string) => {
      say(`${why}: stopping what was started …`);
      reject(new ShownError());
    };
    process.once("SIGINT", () => end("Interrupted"));
    process.once("SIGTERM", () => end("Terminated"));
  });
  return Promise.race([work, interrupted]);
}

/** Says what goes on running after the command. */
export function sayWhatStays({ docker, registry }: Environment): void {
  const stay = [docker.service && "The Docker daemon", registry.service && `the registry at ${registry.host}`];
  const names = stay.filter(Boolean).join(" and ");
  if (names) {
    console.log(`\n${names[0]?.toUpperCase()}${names.slice(1)} will keep running. To stop: npm run stop`);
  }
}

/** Throws MissingError for arguments of the command that are none of these. */
export function takeArguments(...known: string[]): void {
  const unknown = process.argv.slice(2).find((argument) => !known.includes(argument));
  if (unknown !== undefined) {
    throw new MissingError(`Unknown argument ${unknown}: this command takes ${known.join(" ") || "none"}.`);
  }
}

/** Runs a command, and ends with one sentence where something is missing that only the user can bring. */
export async function main(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof MissingError || error instanceof CommandError) {
      console.error(error.message);
    } else if (!(error instanceof ShownError)) {
      console.error(error);
    }
  }
}
