import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { pack } from "tar-fs";
import { BASE_IMAGE, finished } from "../baseImage";
import { isAlive } from "../exclusively";
import { descendants, processes } from "../processes";
import { run } from "../run";
import { type Service, signal, startService } from "../service";

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
    // Its shim is beside it, or wherever the machine's own is.
    env: { ...process.env, PATH: [path.dirname(containerd), process.env.PATH].join(path.delimiter) },
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
  const tar: unknown = pack(context);
  await finished(docker, await docker.buildImage(tar as NodeJS.ReadableStream, { t: PAUSE }));
  const archive = path.join(scratch, "pause.tar");
  await writeFile(archive, await docker.getImage(PAUSE).get());
  await run(ctr, ["--address", runtimeSocket(sockets), "--namespace", "k8s.io", "images", "import", archive]);
  await docker.getImage(PAUSE).remove();
}

/** Ends all containers of a runtime that is stopped, and takes away what they had mounted. */
export async function removeContainers(home: string, sockets: string): Promise<void> {
  const shims = processes().filter(({ command }) => command.includes(` -address ${runtimeSocket(sockets)} `));
  // What runs in the containers before what would take note of its end.
  for (const { pid } of shims.flatMap((shim) => descendants(shim.pid).reverse())) {
    signal(pid, "SIGKILL");
  }
  while (shims.some(({ pid }) => isAlive(pid))) {
    await sleep(50);
  }
  for (const mounted of mountsBelow([home, sockets])) {
    await run("umount", ["--lazy", mounted]);
  }
  await rm(sockets, { recursive: true, force: true });
}

/** Deepest first. */
function mountsBelow(folders: string[]): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mounted) => folders.some((folder) => mounted.startsWith(`${folder}/`)))
    .reverse();
}
