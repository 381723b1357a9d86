/**
 * Stands in for Docker's provider where the real one can't be had. It copies what matters for publishing: any difference
 * of inputs is an update in place that builds and pushes again, and the registry is never asked what it holds.
 */
import * as path from "node:path";
import { differences } from "../diff";
import { type Log, type Provider, serve } from "../plugin";
import { hasUnknowns, isObject, type Properties, secret } from "../properties";
import { providerVersion } from "../versions";
import { check } from "./check";
import { credentialsFor, type Registry } from "./credentials";
import { type Build, build, connect, pullCaches, push } from "./daemon";
import { parseImageName } from "./imageName";

function diff(olds: Properties, news: Properties) {
  const inputs = (olds.__inputs ?? {}) as Properties;
  const kinds = differences(inputs, news);
  const [before, after] = [inputs.registry, news.registry];
  // Credentials change often: they alone are no reason to build again, nor is a server that is named or no longer named.
  if (isObject(before) && isObject(after) && differences(before, after).server !== "UPDATE") {
    delete kinds.registry;
  }
  return { kinds };
}

/** Builds and pushes; in a preview, only builds, and that if the inputs ask for it. */
async function publish(inputs: Properties, preview: boolean, log: Log): Promise<Properties | undefined> {
  if (preview && !(await canPreview(inputs, log))) {
    return undefined;
  }
  const name = inputs.imageName as string;
  const options = inputs.build as unknown as Build;
  const registry = (inputs.registry ?? {}) as Registry;
  const skipPush = inputs.skipPush === true;
  const docker = await connect();
  const needsLogin = !skipPush || options.cacheFrom !== undefined;
  const login = needsLogin
    ? await credentialsFor(registry.server ? "" : parseImageName(name).host, registry, log)
    : undefined;
  if (login) {
    await pullCaches(docker, options, login, log);
  }
  const imageId = await build(docker, name, options, login, log);
  const repoDigest = login && !skipPush && !preview ? await push(docker, name, imageId, login, log) : imageId;
  return {
    __inputs: secret(inputs),
    baseImageName: name,
    context: options.context,
    dockerfile: path.relative(options.context, options.dockerfile),
    imageName: name,
    platform: options.platform,
    registryServer: registry.server ?? "",
    repoDigest,
  };
}

async function canPreview({ buildOnPreview, imageName, build }: Properties, log: Log): Promise<boolean> {
  if (buildOnPreview !== true) {
    return false;
  }
  const { context, dockerfile, args } = isObject(build) ? build : {};
  if (!isObject(build) || hasUnknowns([context, dockerfile, args, imageName])) {
    await log("warning", "Minimum inputs for build are unresolved: the preview goes on without a build");
    return false;
  }
  return true;
}

const provider: Provider = {
  version: providerVersion("docker"),
  async configure(variables) {
    const host = variables["docker:config:host"];
    if (host) {
      process.env.DOCKER_HOST = host;
    }
    try {
      await connect();
    } catch (error) {
      throw new Error(
        `docker native provider returned an unexpected error from Configure: ${(error as Error).message}`,
      );
    }
  },
  check: async (_urn, _olds, news, log) => check(news, log),
  diff: (_id, olds, news) => diff(olds, news),
  async create(inputs, preview, log) {
    const outputs = await publish(inputs, preview, log);
    return outputs ? { id: inputs.imageName as string, outputs } : { id: "", outputs: inputs };
  },
  update: async (_olds, news, preview, log) => (await publish(news, preview, log)) ?? news,
  // Images stay: the registry is what remembers them.
  delete: async () => {},
};

void serve(provider);
