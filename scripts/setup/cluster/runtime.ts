import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { pack } from "tar-fs";
import { BASE_IMAGE } from "../baseImage";
import { run } from "../run";
import { type Service, startService } from "../service";

const PAUSE = "localhost/pause:1";

export interface RuntimePlace {
  /** Where images and containers are kept. */
  home: string;
  /** A folder with a short path, for sockets. */
  sockets: string;
  cniConfig: string;
  /** The folder of the programs that connect pods. */
  cniPlugins: string;
  /** The registry that is asked without TLS. */
  registryHost: string;
  started(service: Service): void;
}

/** The address of the container runtime. */
export function runtimeSocket(sockets: string): string {
  return path.join(sockets, "containerd.sock");
}

/** Starts a containerd apart from that of Docker, which has no part for the kubelet. */
export async function startRuntime(containerd: string, place: RuntimePlace): Promise<void> {
  const { home, sockets, started } = place;
  await mkdir(home, { recursive: true });
  const config = path.join(home, "config.toml");
  await writeFile(config, toml(place));
  await startService({
    command: containerd,
    args: ["--config", config],
    mark: config,
    logFile: path.join(home, "log"),
    answers: async () => existsSync(runtimeSocket(sockets)),
    started,
  });
}

function toml({ home, sockets, cniConfig, cniPlugins, registryHost }: RuntimePlace): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const text = (value: string) => JSON.stringify(value);
  return [
    "version = 2",
    `root = ${text(path.join(home, "root"))}`,
    `state = ${text(path.join(sockets, "state"))}`,
    "[grpc]",
    `address = ${text(runtimeSocket(sockets))}`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `path = ${text(path.join(home, "opt"))}`,
    `[${cri}]`,
    `sandbox_image = ${text(PAUSE)}`,
    // Without it runc fails where this process may not lower the score.
    "restrict_oom_score_adj = true",
    `[${cri}.cni]`,
    `bin_dir = ${text(cniPlugins)}`,
    `conf_dir = ${text(cniConfig)}`,
    `[${cri}.registry.mirrors.${text(registryHost)}]`,
    `endpoint = [${text(`http://${registryHost}`)}]`,
    "",
  ].join("\n");
}

/** Gives the runtime the image that holds a pod's namespaces, made from the base image. */
export async function importPauseImage(ctr: string, sockets: string, docker: Docker, scratch: string): Promise<void> {
  const context = path.join(scratch, "pause");
  await mkdir(context, { recursive: true });
  await writeFile(path.join(context, "Dockerfile"), `FROM ${BASE_IMAGE}\nCMD ["sleep", "2147483647"]\n`);
  const built = await docker.buildImage(pack(context) as unknown as NodeJS.ReadableStream, { t: PAUSE });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(built, (error) => (error ? reject(error) : resolve()));
  });
  const archive = path.join(scratch, "pause.tar");
  await writeFile(archive, await docker.getImage(PAUSE).get());
  await run(ctr, ["--address", runtimeSocket(sockets), "--namespace", "k8s.io", "images", "import", archive]);
  await docker.getImage(PAUSE).remove();
}

/** Ends all containers of a runtime that is stopped, and takes away what they had mounted. */
export async function removeContainers(home: string, sockets: string): Promise<void> {
  const processes = runningProcesses();
  const shims = processes.filter(({ command }) => command.includes(`-address\0${runtimeSocket(sockets)}\0`));
  for (const { pid } of [...shims.flatMap((shim) => childrenOf(shim.pid, processes)), ...shims]) {
    kill(pid);
  }
  while (shims.some(({ pid }) => existsSync(`/proc/${pid}`))) {
    await sleep(50);
  }
  for (const mounted of mountsBelow([home, sockets])) {
    await run("umount", ["--lazy", mounted]);
  }
  await rm(sockets, { recursive: true, force: true });
}

interface Process {
  pid: number;
  parent: number;
  /** Its arguments, each ended by a zero byte. */
  command: string;
}

function runningProcesses(): Process[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const parent = readFileSync(`/proc/${entry}/stat`, "utf8").replace(/^.*\) . /s, "");
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8");
        return [{ pid: Number(entry), parent: Number.parseInt(parent, 10), command }];
      } catch {
        // It has ended since the list was made.
        return [];
      }
    });
}

function childrenOf(pid: number, processes: Process[]): Process[] {
  return processes
    .filter(({ parent }) => parent === pid)
    .flatMap((child) => [child, ...childrenOf(child.pid, processes)]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
      throw error;
    }
  }
}

/** Deepest first. */
function mountsBelow(folders: string[]): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mounted) => folders.some((folder) => mounted.startsWith(`${folder}/`)))
    .reverse();
}
