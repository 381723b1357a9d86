/**
 * Stands in for Docker's provider where the real one can't be had. It copies what matters for publishing: any difference
 * of inputs is an update in place that builds and pushes again, and the registry is never asked what it holds.
 */
import { existsSync } from "node:fs";
import { parseReference } from "../../../components/registry";
import { changedProperties } from "../diff";
import { type Log, type Properties, type Provider, secret, serve, UNKNOWN } from "../plugin";
import { providerVersion } from "../versions";
import { contextDigest } from "./contextDigest";
import { type Build, build, connect, push, type Registry } from "./daemon";

const HOST_PLATFORM = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;

async function configure(): Promise<void> {
  try {
    await connect().ping();
  } catch (error) {
    throw new Error(`failed to connect to any docker daemon: ${(error as Error).message}`);
  }
}

async function check(_: string, inputs: Properties, log: Log): Promise<Properties> {
  const given = (inputs.build ?? {}) as Properties;
  const checked: Properties = { context: ".", dockerfile: "Dockerfile", ...given };
  const { context, dockerfile } = checked as { context: string; dockerfile: string };
  if (context !== UNKNOWN && dockerfile !== UNKNOWN) {
    if (!existsSync(dockerfile)) {
      throw new Error(`could not open dockerfile at relative path ${JSON.stringify(dockerfile)}`);
    }
    checked.contextDigest = contextDigest(context, dockerfile);
  }
  if (checked.platform === undefined || checked.platform === null) {
    checked.platform = HOST_PLATFORM;
    log("info", `Building your image for ${HOST_PLATFORM} architecture.`);
  }
  if (typeof inputs.imageName === "string" && inputs.imageName !== UNKNOWN && inputs.skipPush !== true) {
    parseReference(inputs.imageName);
  }
  return { buildOnPreview: false, skipPush: false, ...inputs, build: checked };
}

function diff(_: string, olds: Properties, news: Properties) {
  const inputs = (olds.__inputs ?? {}) as Properties;
  const changed = changedProperties(inputs, news).filter((name) => {
    const [before, after] = [inputs[name], news[name]] as [Registry | undefined, Registry | undefined];
    // Credentials change often; that alone is no reason to build again.
    return !(name === "registry" && before && after && before.server === after.server);
  });
  return { changed, replace: [] };
}

async function publish(inputs: Properties, preview: boolean): Promise<Properties> {
  if (preview) {
    return inputs;
  }
  const docker = connect();
  const name = inputs.imageName as string;
  const options = inputs.build as unknown as Build;
  const registry = (inputs.registry ?? {}) as Registry;
  const imageId = await build(docker, name, options);
  const repoDigest = inputs.skipPush
    ? imageId
    : `${name.slice(0, name.lastIndexOf(":"))}@${await push(docker, name, registry)}`;
  return {
    // Credentials may be among them.
    __inputs: secret(inputs),
    baseImageName: name,
    context: options.context,
    dockerfile: options.dockerfile.slice(options.context.length + 1),
    imageName: name,
    platform: options.platform,
    registryServer: registry.server ?? "",
    repoDigest,
  };
}

const provider: Provider = {
  version: providerVersion("docker"),
  configure,
  check,
  diff,
  create: async (_, inputs, preview) => ({
    id: preview ? "" : (inputs.imageName as string),
    outputs: await publish(inputs, preview),
  }),
  update: async (_id, _urn, _olds, inputs, preview) => publish(inputs, preview),
  read: async (_, properties) => properties,
  delete: async () => {},
};

void serve(provider);
