import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type DockerDaemon, dockerAt, NO_NETWORK, startDocker, stopDocker } from "../../scripts/setup/docker";
import { which } from "../../scripts/setup/run";

/** A Docker of today, with containerd's image store; where it can't be had, this is the machine's own. */
const TODAY = process.env.VERSIONED_IMAGE_TEST_DOCKERD_TODAY ?? which("dockerd");

/**
 * A Docker daemon beside the tests' own, as on another machine: what it builds has other digests. It has no images. By default it
 * is of today; one that is `alike` has the image store that the first one has.
 */
export class SecondDocker {
  private constructor(
    private readonly daemon: DockerDaemon,
    private readonly home: string,
  ) {}

  static isAvailable(): boolean {
    return process.getuid?.() === 0 && TODAY !== undefined && which("dockerd") !== undefined;
  }

  static async start(how?: "alike"): Promise<SecondDocker> {
    const command = how === undefined || (await hasContainerdStore()) ? TODAY : which("dockerd");
    const home = mkdtempSync(path.join(tmpdir(), "second-"));
    let starting: DockerDaemon | undefined;
    try {
      const started = (daemon: DockerDaemon) => {
        starting = daemon;
      };
      return new SecondDocker(await startDocker(command as string, home, NO_NETWORK, started), home);
    } catch (error) {
      if (starting) {
        await stopDocker(starting);
      }
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  static async startIfAvailable(how?: "alike"): Promise<SecondDocker | undefined> {
    return SecondDocker.isAvailable() ? SecondDocker.start(how) : undefined;
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
