import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BASE_IMAGE, finished } from "../../scripts/setup/baseImage";
import { ensureCluster } from "../../scripts/setup/cluster";
import { type DockerDaemon, dockerAt, startDocker, stopDocker, withoutNetwork } from "../../scripts/setup/docker";
import { ensureRegistry, freePort, type Registry } from "../../scripts/setup/registry";
import { which } from "../../scripts/setup/run";
import { stopService } from "../../scripts/setup/service";
import { RegistryProxy } from "../support/registryProxy";

/** A registry and a Docker daemon of the soak's own, which can be restarted, and the network between them and the stacks. */
export class Services {
  private readonly home = mkdtempSync(path.join(tmpdir(), "soak-"));
  private registry: Registry | undefined;
  private docker: DockerDaemon | undefined;
  private port = 0;
  private proxy: RegistryProxy | undefined;
  private stopOwnCluster = async () => {};
  /** Access to the cluster; undefined without one. */
  kubeconfig: string | undefined;

  static async start({ cluster }: { cluster: boolean }): Promise<Services> {
    const services = new Services();
    try {
      services.port = await freePort();
      await services.startRegistry();
      services.proxy = await RegistryProxy.start({ upstream: services.registryHost });
      await services.startOwnDocker();
      if (cluster) {
        await services.startCluster();
      }
      return services;
    } catch (error) {
      await services.stop();
      throw error;
    }
  }

  /** The registry itself, which checks ask. */
  get registryHost(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The registry as images' names have it: the way to it can be cut. */
  get network(): RegistryProxy {
    return this.proxy as RegistryProxy;
  }

  /** What leads programs here, in their environment. */
  get env(): NodeJS.ProcessEnv {
    return {
      ...(this.dockerHost !== undefined && { DOCKER_HOST: this.dockerHost }),
      ...(this.kubeconfig !== undefined && { KUBECONFIG: this.kubeconfig }),
    };
  }

  /** False where only the machine's own daemon can be used. */
  get canRestartDocker(): boolean {
    return this.docker !== undefined;
  }

  /** How often a debug image was pushed, from the registry's own log. */
  debugPushes(): number {
    const log = readFileSync(this.registry?.logFile ?? "", "utf8");
    return log.match(/"PUT \/v2\/[^ ]+\/manifests\/[^ ]+-debug [^"]*" 201 /g)?.length ?? 0;
  }

  async restartRegistry(downFor: number): Promise<void> {
    if (this.registry?.service) {
      await stopService(this.registry.service);
    }
    await sleep(downFor);
    await this.startRegistry();
  }

  async restartDocker(downFor: number): Promise<void> {
    const service = this.docker?.service;
    if (service) {
      await stopService(service);
      await sleep(downFor);
      await this.startDockerIn(service.mark);
    }
  }

  async stop(): Promise<void> {
    await this.stopOwnCluster();
    await this.proxy?.stop();
    if (this.registry?.service) {
      await stopService(this.registry.service);
    }
    if (this.docker) {
      await stopDocker(this.docker);
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  private get dockerHost(): string | undefined {
    return this.docker ? this.docker.host : process.env.DOCKER_HOST;
  }

  /** Its node pulls through the network that can be cut. */
  private async startCluster(): Promise<void> {
    this.kubeconfig = await ensureCluster({
      home: path.join(this.home, "cluster"),
      docker: dockerAt(process.env.DOCKER_HOST),
      registryHost: this.network.host,
      started: (stopCluster) => {
        this.stopOwnCluster = stopCluster;
      },
    });
  }

  private async startRegistry(): Promise<void> {
    this.registry = await ensureRegistry({
      home: path.join(this.home, "registry"),
      port: this.port,
      known: undefined,
      dockerHost: process.env.DOCKER_HOST,
      started: (starting) => {
        this.registry = starting;
      },
    });
  }

  /** A daemon beside the machine's, with the base image from there. It needs no network: builds run nothing. */
  private async startOwnDocker(): Promise<void> {
    if (process.getuid?.() !== 0 || !which("dockerd")) {
      return;
    }
    await this.startDockerIn(undefined);
    const own = dockerAt(this.dockerHost);
    const machine = dockerAt(process.env.DOCKER_HOST);
    await finished(own, await own.loadImage(await machine.getImage(BASE_IMAGE).get()));
  }

  private async startDockerIn(folder: string | undefined): Promise<void> {
    const home = path.join(this.home, "docker");
    mkdirSync(home, { recursive: true });
    const started = (starting: DockerDaemon) => {
      this.docker = starting;
    };
    this.docker = await startDocker(which("dockerd") as string, home, withoutNetwork(), started, folder);
  }
}
