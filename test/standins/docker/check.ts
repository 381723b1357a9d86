import { existsSync } from "node:fs";
import * as path from "node:path";
import type { Log } from "../plugin";
import { isObject, type Properties, UNKNOWN } from "../properties";
import { contextDigest } from "./contextDigest";
import type { Registry } from "./credentials";
import { parseImageName } from "./imageName";

const HOST_PLATFORM = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;

/** The inputs with their defaults and the hash of the context. Throws for inputs that can't be built. */
export async function check(inputs: Properties, log: Log): Promise<Properties> {
  const { build = {} } = inputs;
  const checked = { ...inputs, buildOnPreview: known(inputs.buildOnPreview) ?? false };
  checkNames(inputs, cachesOf(build));
  return isObject(build) ? { ...checked, build: await checkBuild(build, log) } : checked;
}

async function checkBuild(given: Properties, log: Log): Promise<Properties> {
  const { builderVersion = "BuilderBuildKit" } = given;
  if (builderVersion !== "BuilderBuildKit" && builderVersion !== "BuilderV1") {
    throw new Error(`invalid Docker Builder version: ${builderVersion}`);
  }
  const context = given.context === UNKNOWN ? "" : ((given.context as string | undefined) ?? ".");
  const dockerfile = (given.dockerfile as string | undefined) ?? path.join(context, "Dockerfile");
  const build: Properties = { ...given, context: given.context ?? context, dockerfile };
  if (dockerfile !== UNKNOWN) {
    checkDockerfile(context, dockerfile);
    build.contextDigest = contextDigest(context, dockerfile);
  }
  if (build.platform === undefined) {
    build.platform = HOST_PLATFORM;
    await log(
      "info",
      `Building your image for ${HOST_PLATFORM} architecture, the host's: set \`platform\` for another.`,
    );
  }
  return build;
}

function checkDockerfile(context: string, dockerfile: string): void {
  if (existsSync(dockerfile)) {
    return;
  }
  if (path.isAbsolute(dockerfile)) {
    throw new Error(`expected a relative Dockerfile path; ${JSON.stringify(dockerfile)} does not exist`);
  }
  const inside = path.join(context, dockerfile);
  const advice = existsSync(inside) ? `. Try setting \`dockerfile\` to ${JSON.stringify(inside)}` : "";
  throw new Error(`could not open dockerfile at relative path ${JSON.stringify(dockerfile)}${advice}`);
}

/** What is pushed, or pulled for its layers, must be named in full. */
function checkNames({ imageName, skipPush, registry }: Properties, caches: string[]): void {
  const { server } = (known(registry) ?? {}) as Registry;
  if ((skipPush === true && caches.length === 0) || known(imageName) === undefined || server) {
    return;
  }
  parseImageName(imageName as string);
}

function cachesOf(build: unknown): string[] {
  const cacheFrom = isObject(build) ? build.cacheFrom : undefined;
  if (!isObject(cacheFrom)) {
    return [];
  }
  const { images } = cacheFrom;
  if (images === undefined) {
    throw new Error("cacheFrom requires an `images` field");
  }
  if (!Array.isArray(images) && images !== UNKNOWN) {
    throw new Error("the `images` field must be a list of strings");
  }
  return Array.isArray(images) ? images.filter((image) => image !== UNKNOWN) : [];
}

function known(value: unknown): unknown {
  return value === UNKNOWN ? undefined : value;
}
