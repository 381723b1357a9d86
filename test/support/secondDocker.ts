import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type DockerDaemon, NO_NETWORK, startDocker, stopDocker } from "../../scripts/setup/docker";
import { which } from "../../scripts/setup/run";

/** A Docker daemon beside the tests' own, as on another machine: what it builds has other digests. It has no images. */
export class SecondDocker {
  private constructor(
    private readonly daemon: DockerDaemon,
    private readonly home: string,
  ) {}

  static isAvailable(): boolean {
    return process.getuid?.() === 0 && which("dockerd") !== undefined;
  }

  static async start(): Promise<SecondDocker> {
    const home = mkdtempSync(path.join(tmpdir(), "second-"));
    let starting: DockerDaemon | undefined;
    try {
      const started = (daemon: DockerDaemon) => {
        starting = daemon;
      };
      return new SecondDocker(await startDocker(which("dockerd") as string, home, NO_NETWORK, started), home);
    } catch (error) {
      if (starting) {
        await stopDocker(starting);
      }
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  static async startIfAvailable(): Promise<SecondDocker | undefined> {
    return SecondDocker.isAvailable() ? SecondDocker.start() : undefined;
  }

  get host(): string {
    return String(this.daemon.host);
  }

  async stop(): Promise<void> {
    await stopDocker(this.daemon);
    rmSync(this.home, { recursive: true, force: true });
  }
}
