import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type DockerDaemon, dockerAt, startDocker, stopDocker, withoutNetwork } from "../../scripts/setup/docker";
import { CLASSIC_STORE } from "../../scripts/setup/dockerToday";
import { startPodman } from "../../scripts/setup/podman";
import { which } from "../../scripts/setup/run";

/** A Docker of today; where it can't be had, the machine's own. */
const TODAY = process.env.VERSIONED_IMAGE_TEST_DOCKERD_TODAY ?? which("dockerd");

/** Docker of today with containerd's image store or with the classic one, or Podman. */
export type DaemonKind = "containerd" | "classic" | "podman";

/** What the long form tries beside the tests' own daemon, such as "containerd,classic,podman". */
export const MORE_DAEMONS = (process.env.VERSIONED_IMAGE_DAEMONS?.split(",") ?? []) as DaemonKind[];

/** A daemon beside the tests' own, as on another machine: what it builds has other digests. It has no images and no network. */
export class OwnDaemon {
  private constructor(
    private readonly daemon: DockerDaemon,
    private readonly home: string,
  ) {}

  static isAvailable(kind: DaemonKind): boolean {
    const program = kind === "podman" ? which("podman") : TODAY && which("dockerd");
    return process.getuid?.() === 0 && program !== undefined;
  }

  static async start(kind: DaemonKind): Promise<OwnDaemon> {
    const home = mkdtempSync(path.join(tmpdir(), `${kind}-`));
    let starting: DockerDaemon | undefined;
    const started = (daemon: DockerDaemon) => {
      starting = daemon;
    };
    try {
      const more = [...withoutNetwork(), ...(kind === "classic" ? CLASSIC_STORE : [])];
      const daemon =
        kind === "podman"
          ? await startPodman(which("podman") as string, home, started)
          : await startDocker(TODAY as string, home, more, started);
      return new OwnDaemon(daemon, home);
    } catch (error) {
      if (starting) {
        await stopDocker(starting);
      }
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  get host(): string {
    return String(this.daemon.host);
  }

  async stop(): Promise<void> {
    await stopDocker(this.daemon);
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Whether the tests' own daemon keeps images in containerd's store. */
export async function hasContainerdStore(): Promise<boolean> {
  const { DriverStatus } = await dockerAt(process.env.DOCKER_HOST).info();
  return JSON.stringify(DriverStatus).includes("io.containerd.snapshotter");
}
