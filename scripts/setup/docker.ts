import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import { ensureProgram } from "./debian";
import { run, which } from "./run";
import { during, MissingError, say } from "./say";
import { isRunning, type Service, startService, stopService } from "./service";

export interface DockerDaemon {
  /** For DOCKER_HOST; undefined if the default one answers. */
  host: string | undefined;
  /** What was started, if anything was. */
  service: Service | undefined;
}

const NONE =
  "install Docker (https://docs.docker.com/get-docker/) and start it, or set DOCKER_HOST to a running daemon.";
const PING_LIMIT = 10_000;

/** The network of a Docker daemon's containers, where no other is named. */
const BRIDGE = "docker0";

/**
 * Without a firewall to set up, containers have no network, which the images here do not need. A daemon that is to have no bridge removes
 * the default one as it starts, whoever uses it, and builds of other daemons fail from then on: one that is there is shared.
 */
export function withoutNetwork(): string[] {
  const firewall = ["--iptables=false", "--ip6tables=false"];
  return existsSync(`/sys/class/net/${BRIDGE}`) ? firewall : ["--bridge=none", ...firewall];
}

/**
 * A Docker daemon: the one that answers already, or one of our own whose data is in `home`. `started` is told of ours as
 * soon as there is something to stop.
 */
export async function ensureDocker(
  home: string,
  known: DockerDaemon | undefined,
  started: (daemon: DockerDaemon) => void,
): Promise<DockerDaemon> {
  if (known?.service && isRunning(known.service) && (await answers(known.host))) {
    return known;
  }
  if (known) {
    await stopDocker(known);
  }
  for (const host of [process.env.DOCKER_HOST, await contextHost()]) {
    if (await answers(host)) {
      return { host, service: undefined };
    }
  }
  const dockerd = await ensureProgram("dockerd", "docker.io", NONE);
  if (process.getuid?.() !== 0) {
    throw new MissingError(`No Docker daemon answers, and only root can start one: ${NONE}`);
  }
  await mkdir(home, { recursive: true });
  const less = withoutNetwork();
  const attempts = [[], less, [...less, "--storage-driver=vfs"]];
  let failure: unknown;
  for (const more of attempts) {
    try {
      return await during(
        "Starting a Docker daemon of our own, since none answers",
        startDocker(dockerd, home, more, started),
      );
    } catch (error) {
      failure = error;
      say(`It did not start with ${more.join(" ") || "its defaults"}.`);
    }
  }
  throw failure;
}

/** Starts a daemon of our own. `folder` is that of its socket, of one that is started again; by default it is a new one. */
export async function startDocker(
  command: string,
  home: string,
  more: string[],
  started: (daemon: DockerDaemon) => void,
  folder?: string,
): Promise<DockerDaemon> {
  // A socket's path must be short, which that of a repository need not be.
  const mark = folder ?? (await mkdtemp(path.join(tmpdir(), "docker-")));
  const host = `unix://${mark}/docker.sock`;
  const args = ["--data-root", path.join(home, "data"), "--exec-root", path.join(mark, "exec")];
  args.push("--pidfile", path.join(mark, "pid"), "--host", host, ...more);
  return startDaemon({ command, args, folder: mark, host, logFile: path.join(home, "log"), started });
}

export interface DaemonProgram {
  command: string;
  args: string[];
  /** Of its socket, which its arguments name; it is removed with the daemon. */
  folder: string;
  host: string;
  logFile: string;
  /** Told of the daemon as soon as there is something to stop. */
  started(daemon: DockerDaemon): void;
  env?: NodeJS.ProcessEnv;
}

/** Starts a program that speaks Docker's API, and waits until it answers. */
export async function startDaemon({ folder, host, started, ...program }: DaemonProgram): Promise<DockerDaemon> {
  try {
    const service = await startService({
      ...program,
      mark: folder,
      answers: () => answers(host),
      started: (starting) => started({ host, service: starting }),
    });
    return { host, service };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Stops a daemon of ours and removes its folder of sockets; its data stay. */
export async function stopDocker({ service }: DockerDaemon): Promise<void> {
  if (service) {
    await stopService(service);
    await rm(service.mark, { recursive: true, force: true });
  }
}

/** The daemon that the docker command uses: Docker Desktop and rootless ones do not listen at the default place. */
async function contextHost(): Promise<string | undefined> {
  const docker = which("docker");
  if (!docker || process.env.DOCKER_HOST) {
    return undefined;
  }
  const host = await run(docker, ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]).catch(() => "");
  return host.startsWith("unix://") ? host.trim() : undefined;
}

async function answers(host: string | undefined): Promise<boolean> {
  try {
    await dockerAt(host, PING_LIMIT).ping();
    return true;
  } catch (error) {
    const { code, address } = error as NodeJS.ErrnoException & { address?: string };
    if (code === "EACCES") {
      throw new MissingError(
        `The Docker daemon at ${address} refuses this user: add it to the group docker ` +
          "(sudo usermod -aG docker USER), log in again, and run this again.",
      );
    }
    return false;
  }
}

/** The daemon at a DOCKER_HOST; `timeout` is how long it may be silent, in milliseconds. Default: for ever. */
export function dockerAt(host: string | undefined, timeout?: number): Docker {
  return new Docker(host?.startsWith("unix://") ? { socketPath: host.slice("unix://".length), timeout } : { timeout });
}
