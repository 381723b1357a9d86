import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { ifThere } from "../files";

/**
 * Sees that buildx has a builder instance of a name, in the Docker configuration's folder, that Pulumi's provider can build with.
 * Throws BuilderNotFound or BuilderUnsupported.
 */
export async function requireBuilder(name: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folder = path.join(buildxFolder(env), "instances");
  const names = (await ifThere(readdir(folder))) ?? [];
  // Docker's own contexts are builders of the driver docker, and have no file here.
  if (name === "default" || name === "desktop-linux") {
    throw unsupported(name);
  }
  if (!names.includes(name)) {
    const known = names.length > 0 ? `it has ${names.sort().join(", ")}` : "it has none";
    throw new VersionedImageError(
      "BuilderNotFound",
      `build.builderName is ${JSON.stringify(name)}, but buildx has no such builder in ${folder} (${known}). Create it with ` +
        `\`docker buildx create --name ${name}\`, or name one that \`docker buildx ls\` lists.`,
    );
  }
  if (driverIn(await readFile(path.join(folder, name), "utf8")) === "docker") {
    throw unsupported(name);
  }
}

function buildxFolder(env: NodeJS.ProcessEnv): string {
  return env.BUILDX_CONFIG || path.join(env.DOCKER_CONFIG || path.join(homedir(), ".docker"), "buildx");
}

/** Undefined for what buildx itself will have to make sense of. */
function driverIn(instance: string): unknown {
  try {
    return (JSON.parse(instance) as { Driver?: unknown } | null)?.Driver;
  } catch {
    return undefined;
  }
}

function unsupported(name: string): VersionedImageError {
  return new VersionedImageError(
    "BuilderUnsupported",
    `Builder ${name} has the driver docker, which @pulumi/docker-build does not support. Create one with ` +
      "`docker buildx create --name NAME` (docker-container), or with the driver kubernetes or remote, and set build.builderName to it.",
  );
}
