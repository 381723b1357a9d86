import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  KEPT,
  KEPT_HOSTS,
  KEPT_IMAGES,
  KEPT_NO_DOCKER,
  type KeptBuilder,
  keptProject,
  keptRepository,
  keptStack,
} from "../../test/support/kept";
import { RegistryProxy } from "../../test/support/registryProxy";
import type { Environment } from "../setup";
import { ensureBuildKit, ensureBuildx, pathWithBuildKit, startBuildKit } from "../setup/buildKit";
import { ROOT } from "../setup/paths";
import { type Service, stopService } from "../setup/service";
import { ownPart, withoutOneMachine } from "./keptState";
import { labelsOf, saveLayout } from "./layout";
import { copyOf, SCHEMA } from "./schemas";

const BUILDERS = ["docker", "buildKit"] as const;

/** Makes the folder of a version in test/kept. Throws MissingError where a builder can't be had. */
export async function keep(version: string, environment: Environment, scratch: string): Promise<void> {
  await rm(path.join(KEPT, version), { recursive: true, force: true });
  for (const builder of BUILDERS) {
    await publishTo(path.join(KEPT, version, builder), builder, version, environment, scratch);
  }
  await copyFile(path.join(ROOT, SCHEMA), path.join(ROOT, copyOf(version)));
}

/** Whether this version writes with Docker what is kept of it. Digests may differ: those of Docker's builds do. */
export async function writesWhatIsKept(version: string, environment: Environment, scratch: string): Promise<boolean> {
  const again = path.join(scratch, "kept");
  await publishTo(again, "docker", version, environment, scratch);
  return isDeepStrictEqual(await written(again), await written(path.join(KEPT, version, "docker")));
}

async function written(folder: string) {
  const state = await readFile(path.join(folder, "state.json"), "utf8");
  return [ownPart(state), ...(await Promise.all(KEPT_IMAGES.map((image) => labelsOf(path.join(folder, image)))))];
}

/** Publishes as this version does. Into the folder go the stack's state and what its repositories hold. */
async function publishTo(
  folder: string,
  builder: KeptBuilder,
  version: string,
  environment: Environment,
  scratch: string,
): Promise<void> {
  const daemons: Service[] = [];
  const env = builder === "buildKit" ? await withBuildKit(environment, scratch, daemons) : environment.env;
  const source = keptProject();
  const stack = keptStack(source, builder, version, env);
  const proxy = await RegistryProxy.start({ host: KEPT_HOSTS[builder], upstream: environment.registry.host });
  try {
    const { succeeded, text } = await stack.up();
    if (!succeeded) {
      throw new Error(`The images to keep for a release are not published:\n${text}`);
    }
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "state.json"), withoutOneMachine(stack.exportState()));
    for (const image of KEPT_IMAGES) {
      await saveLayout(keptRepository(builder, version, image), path.join(folder, image));
    }
  } finally {
    await proxy.stop();
    await Promise.all(daemons.map(stopService));
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
