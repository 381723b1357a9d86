import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { ensureProgram } from "./debian";
import { type DockerDaemon, startDaemon } from "./docker";
import { MissingError } from "./say";

const NONE = "install podman and runc.";

/** Podman's program. Throws MissingError where it can't be had, or can't have a storage of its own. */
export async function ensurePodman(): Promise<string> {
  if (process.getuid?.() !== 0) {
    throw new MissingError("Podman as a daemon is only tested as root");
  }
  await ensureProgram("runc", "runc", NONE);
  return ensureProgram("podman", "podman", NONE);
}

/**
 * Podman as a daemon that speaks Docker's API, with all that it keeps in `home`. stopDocker ends it. `started` is told of it as soon as
 * there is something to stop.
 */
export async function startPodman(
  command: string,
  home: string,
  started: (daemon: DockerDaemon) => void,
): Promise<DockerDaemon> {
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(path.join(tmpdir(), "podman-"));
  const files = {
    // It works where the machine has cgroups of both versions, or none to give.
    CONTAINERS_CONF: [
      "[containers]",
      'cgroups = "disabled"',
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      "[engine]",
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "none"',
      'lock_type = "file"',
      `tmp_dir = ${JSON.stringify(path.join(folder, "tmp"))}`,
    ],
    CONTAINERS_STORAGE_CONF: [
      "[storage]",
      'driver = "vfs"',
      `runroot = ${JSON.stringify(path.join(folder, "run"))}`,
      `graphroot = ${JSON.stringify(path.join(home, "data"))}`,
    ],
    CONTAINERS_REGISTRIES_CONF: ["[[registry]]", 'location = "127.0.0.1"', "insecure = true"],
  };
  const env = { ...process.env };
  for (const [name, lines] of Object.entries(files)) {
    env[name] = path.join(home, `${name.toLowerCase()}.conf`);
    await writeFile(env[name], `${lines.join("\n")}\n`);
  }
  const socket = `unix://${folder}/podman.sock`;
  return startDaemon({
    command,
    args: ["system", "service", "--time=0", socket],
    env,
    folder,
    host: socket,
    logFile: path.join(home, "log"),
    started,
  });
}
