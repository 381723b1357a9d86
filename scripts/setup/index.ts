import * as path from "node:path";
import { ensureBaseImage } from "./baseImage";
import { type DockerDaemon, dockerAt, ensureDocker, stopDocker } from "./docker";
import { ensurePlugins, standinOf } from "./plugins";
import { ensurePulumi } from "./pulumiCli";
import { ensureRegistry, type Registry } from "./registry";
import { say } from "./say";
import { stopService } from "./service";

/** What the dev stack and the engine tests run on. */
export interface Environment {
  /** For child processes: PATH with the CLI and, where they are needed, the stand-ins; DOCKER_HOST. */
  env: NodeJS.ProcessEnv;
  docker: DockerDaemon;
  registry: Registry;
  /** The providers that are stood in for. */
  standins: string[];
}

/** The servers that were started and are to be stopped. */
export interface Services {
  docker?: DockerDaemon;
  registry?: Registry;
}

export interface Place {
  /** Where services of our own keep their data. */
  home: string;
  registryPort: number;
  /** What an earlier run started. */
  known?: Services;
  /** Told of all services as soon as there is another one, so that they can be stopped whatever happens next. */
  started(services: Services): void;
}

/** Finds or makes all that is needed, and says what it does. */
export async function prepare({ home, registryPort, known, started }: Place): Promise<Environment> {
  const cli = await ensurePulumi();
  const services: Services = { ...known };
  const add = (more: Services) => started(Object.assign(services, more));
  const docker = await ensureDocker(path.join(home, "docker"), known?.docker, (daemon) => add({ docker: daemon }));
  add({ docker });
  const registry = await ensureRegistry({
    home: path.join(home, "registry"),
    port: registryPort,
    known: known?.registry,
    dockerHost: docker.host,
    started: (starting) => add({ registry: starting }),
  });
  add({ registry });
  await ensureBaseImage(dockerAt(docker.host));

  const env: NodeJS.ProcessEnv = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  if (docker.host !== undefined) {
    env.DOCKER_HOST = docker.host;
  }
  env.PATH = [path.dirname(process.execPath), cli, env.PATH].filter(Boolean).join(path.delimiter);
  const standins = await ensurePlugins(cli ? path.join(cli, "pulumi") : "pulumi", env);
  env.PATH = [...standins.map(standinOf), env.PATH].join(path.delimiter);
  return { env, docker, registry, standins };
}

/** Stops what was started, and nothing else. */
export async function stop({ docker, registry }: Services): Promise<void> {
  if (registry?.service) {
    await stopService(registry.service);
    say("The registry is stopped.");
  }
  if (docker?.service) {
    await stopDocker(docker);
    say("The Docker daemon is stopped.");
  }
}
