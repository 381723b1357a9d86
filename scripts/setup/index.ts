import * as path from "node:path";
import { ensureBaseImage } from "./baseImage";
import { type DockerDaemon, dockerAt, ensureDocker } from "./docker";
import { ensurePlugins, standinOf } from "./plugins";
import { ensurePulumi } from "./pulumiCli";
import { ensureRegistry, type Registry } from "./registry";

/** What the dev stack and the engine tests run on. */
export interface Environment {
  /** For child processes: PATH with the CLI and, where they are needed, the stand-ins; DOCKER_HOST. */
  env: NodeJS.ProcessEnv;
  docker: DockerDaemon;
  registry: Registry;
  /** The providers that are stood in for. */
  standins: string[];
}

export interface Place {
  /** Where services of our own keep their data. */
  home: string;
  registryPort: number;
  /** What an earlier run started. */
  known?: { docker?: DockerDaemon; registry?: Registry };
  /** Told of each service as soon as it runs, so that it can be stopped whatever happens next. */
  started(services: { docker?: DockerDaemon; registry?: Registry }): void;
}

/** Finds or makes all that is needed, and says what it does. */
export async function prepare({ home, registryPort, known, started }: Place): Promise<Environment> {
  const cli = await ensurePulumi();
  const docker = await ensureDocker(path.join(home, "docker"), known?.docker);
  started({ docker });
  const registry = await ensureRegistry(path.join(home, "registry"), registryPort, known?.registry);
  started({ docker, registry });
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
