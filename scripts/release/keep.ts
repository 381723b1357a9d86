import { mkdir, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import {
  KEPT_HOSTS,
  KEPT_IMAGES,
  KEPT_NO_DOCKER,
  type KeptBuilder,
  keptProject,
  keptRepository,
  keptStack,
} from "../../test/support/kept";
import { RegistryProxy } from "../../test/support/registryProxy";
import { type Environment, prepare, type Services, stop } from "../setup";
import { ensureBuildKit, ensureBuildx, pathWithBuildKit, startBuildKit } from "../setup/buildKit";
import { freePort } from "../setup/registry";
import { type Service, stopService } from "../setup/service";
import { keptState } from "./keptState";
import { saveLayout } from "./layout";

/**
 * Publishes the images that are kept of each release, as this version does it, on a registry and daemons of its own, which it stops. Into
 * the folder go the stack's state and what the repositories hold. Throws MissingError where a builder can't be had.
 */
export async function keep(builder: KeptBuilder, version: string, folder: string, scratch: string): Promise<void> {
  let services: Services = {};
  const buildKits: Service[] = [];
  try {
    const prepared = await prepare({
      home: path.join(scratch, `keep-${builder}`),
      registryPort: await freePort(),
      started: (running) => {
        services = running;
      },
    });
    const env = builder === "buildKit" ? await withBuildKit(prepared, scratch, buildKits) : prepared.env;
    await publishAndSave(builder, version, folder, prepared.registry.host, env);
  } finally {
    await Promise.all(buildKits.map(stopService));
    await stop(services);
  }
}

async function publishAndSave(
  builder: KeptBuilder,
  version: string,
  folder: string,
  upstream: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const source = keptProject();
  const stack = keptStack(source, builder, version, env);
  const proxy = await RegistryProxy.start({ host: KEPT_HOSTS[builder], upstream });
  try {
    const { succeeded, text } = await stack.up();
    if (!succeeded) {
      throw new Error(`The images that are kept of a release are not published:\n${text}`);
    }
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "state.json"), keptState(stack.exportState()));
    for (const image of KEPT_IMAGES) {
      await saveLayout(keptRepository(builder, version, image), path.join(folder, image));
    }
  } finally {
    await proxy.stop();
    stack.forget();
    source.dispose();
  }
}

async function withBuildKit({ env, registry }: Environment, scratch: string, started: Service[]) {
  const programs = await ensureBuildKit();
  const config = await startBuildKit({
    home: path.join(scratch, "buildkit"),
    programs,
    name: "farm",
    buildx: await ensureBuildx(),
    registries: [registry.host],
    started: (service) => started.push(service),
  });
  return { ...env, PATH: await pathWithBuildKit(programs, env), DOCKER_CONFIG: config, DOCKER_HOST: KEPT_NO_DOCKER };
}
