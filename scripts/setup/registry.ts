import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import * as path from "node:path";
import { canInstall, ensureProgram } from "./debian";
import { run, which } from "./run";
import { during, MissingError, say } from "./say";
import { isRunning, type Service, type ServiceOptions, startService, stopService } from "./service";

export interface Registry {
  /** host:port, on loopback. */
  host: string;
  /** What was started, if anything was. */
  service: Service | undefined;
  /** Every request, a line each. */
  logFile: string;
}

export interface RegistryPlace {
  /** Where a registry of our own keeps its data. */
  home: string;
  port: number;
  /** What an earlier run started. */
  known: Registry | undefined;
  /** Its program. Default: Debian's, which is installed where that can be, or else a container. */
  command?: string;
  /** For DOCKER_HOST: the daemon that can run a registry where no program of one is installed. */
  dockerHost: string | undefined;
  /** Told of a registry of ours as soon as there is something to stop. */
  started(registry: Registry): void;
}

/** A registry at a loopback port: what answers there already, or one of our own. */
export async function ensureRegistry({
  home,
  port,
  known,
  command: given,
  dockerHost,
  started,
}: RegistryPlace): Promise<Registry> {
  const host = `127.0.0.1:${port}`;
  const logFile = path.join(home, "log");
  if (await isRegistry(host)) {
    const own = known?.service && isRunning(known.service);
    if (!own) {
      say(`Using the registry that is running at ${host}.`);
    }
    return { host, service: own ? known.service : undefined, logFile };
  }
  if (known?.service) {
    await stopService(known.service);
  }
  if (await isTaken(port)) {
    throw new MissingError(`Something that is not a registry listens at ${host}: stop it, and run this again.`);
  }
  await mkdir(home, { recursive: true });
  const { command, args, mark, env } =
    given || which(PROGRAM) || canInstall()
      ? await program(home, host, given)
      : await container(home, port, dockerHost);
  const start = startService({
    command,
    args,
    mark,
    logFile,
    answers: () => isRegistry(host),
    started: (service) => started({ host, service, logFile }),
    env,
  });
  const service = await during(`Starting a registry at ${host}`, start);
  return { host, service, logFile };
}

type Command = Pick<ServiceOptions, "command" | "args" | "mark" | "env">;

const PROGRAM = "docker-registry";

/** Debian's registry, which is installed where that is possible. Throws MissingError where it can't be had. */
export function ensureRegistryProgram(): Promise<string> {
  return ensureProgram(PROGRAM, "docker-registry", "install Debian's docker-registry.");
}

async function program(home: string, host: string, given: string | undefined): Promise<Command> {
  const command = given ?? (await ensureRegistryProgram());
  const config = path.join(home, "config.yml");
  await writeFile(
    config,
    [
      "version: 0.1",
      "log: {accesslog: {disabled: false}, level: warn}",
      `storage: {filesystem: {rootdirectory: ${JSON.stringify(path.join(home, "data"))}}, delete: {enabled: true}}`,
      `http: {addr: ${JSON.stringify(host)}}`,
      "",
    ].join("\n"),
  );
  // From version 3 on, it would look for a collector of traces.
  const env = { ...process.env, OTEL_TRACES_EXPORTER: "none" };
  return { command, args: ["serve", config], mark: config, env };
}

/** The registry as a container in the foreground, so that it is stopped and its log is kept like a program's. */
async function container(home: string, port: number, dockerHost: string | undefined): Promise<Command> {
  const missing = `No registry runs at 127.0.0.1:${port}, and none can be started`;
  const command = which("docker");
  if (!command) {
    throw new MissingError(`${missing}: install the docker command, or Debian's docker-registry.`);
  }
  const env = dockerHost === undefined ? process.env : { ...process.env, DOCKER_HOST: dockerHost };
  try {
    await run(command, ["image", "inspect", IMAGE], { env });
  } catch {
    const pull = run(command, ["pull", IMAGE], { env, timeout: PULL_LIMIT });
    await during(`Pulling ${IMAGE}`, pull).catch((error: Error) => {
      throw new MissingError(`${missing}: install Debian's docker-registry, or pull ${IMAGE} (${error.message}).`);
    });
  }
  const data = path.join(home, "data");
  await mkdir(data, { recursive: true });
  const name = `versioned-image-registry-${port}`;
  const args = ["run", "--rm", "--init", "--name", name, "--publish", `127.0.0.1:${port}:5000`];
  args.push("--volume", `${data}:/var/lib/registry`, "--env", "REGISTRY_STORAGE_DELETE_ENABLED=true");
  if (process.getuid && process.getgid) {
    args.push("--user", `${process.getuid()}:${process.getgid()}`);
  }
  return { command, args: [...args, IMAGE], mark: name, env };
}

const IMAGE = "registry:2";
const PULL_LIMIT = 300_000;

export async function isRegistry(host: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(2_000) });
    return response.headers.get("docker-distribution-api-version") !== null || response.status === 401;
  } catch {
    return false;
  }
}

/** Whether anything listens at a port of loopback. */
export function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(false)));
  });
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
