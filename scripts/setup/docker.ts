import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import { ensureProgram } from "./debian";
import { during, say } from "./say";
import { isRunning, type Service, startService } from "./service";

export interface DockerDaemon {
  /** For DOCKER_HOST; undefined if the default one answers. */
  host: string | undefined;
  /** What was started, if anything was. */
  service: Service | undefined;
}

const NONE =
  "install Docker (https://docs.docker.com/get-docker/) and start it, or set DOCKER_HOST to a daemon that runs.";

/** A Docker daemon: the one that answers already, or one of our own whose data is in `home`. */
export async function ensureDocker(home: string, known?: DockerDaemon): Promise<DockerDaemon> {
  if (known?.service && known.host && isRunning(known.service) && (await answers(known.host))) {
    return known;
  }
  if (await answers(process.env.DOCKER_HOST)) {
    return { host: process.env.DOCKER_HOST, service: undefined };
  }
  const dockerd = await ensureProgram("dockerd", "docker.io", NONE);
  await mkdir(home, { recursive: true });
  // A socket's path must be short, which that of a repository need not be.
  const runtime = await mkdtemp(path.join(tmpdir(), "docker-"));
  const host = `unix://${runtime}/docker.sock`;
  const args = ["--data-root", path.join(home, "data"), "--exec-root", path.join(runtime, "exec")];
  args.push("--pidfile", path.join(runtime, "pid"), "--host", host);
  // Without a firewall to set up, containers have no network, which the images here do not need.
  const attempts = [
    [],
    ["--bridge=none", "--iptables=false", "--ip6tables=false"],
    ["--bridge=none", "--iptables=false", "--storage-driver=vfs"],
  ];
  let failure: unknown;
  for (const more of attempts) {
    try {
      const start = startService(dockerd, [...args, ...more], path.join(home, "log"), runtime, () => answers(host));
      const service = await during("Starting a Docker daemon of our own, since none answers", start);
      return { host, service };
    } catch (error) {
      failure = error;
      say(`It did not start with ${more.join(" ") || "its defaults"}.`);
    }
  }
  throw failure;
}

/** Removes the data of a daemon of ours that has ended. */
export async function removeDockerData(home: string): Promise<void> {
  if (existsSync(home)) {
    await rm(home, { recursive: true, force: true });
  }
}

export async function answers(host: string | undefined): Promise<boolean> {
  try {
    await dockerAt(host).ping();
    return true;
  } catch {
    return false;
  }
}

export function dockerAt(host: string | undefined): Docker {
  return host?.startsWith("unix://") ? new Docker({ socketPath: host.slice("unix://".length) }) : new Docker();
}
