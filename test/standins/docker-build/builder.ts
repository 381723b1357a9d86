import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

/**
 * The name of a builder instance that buildx knows; it must be of the driver remote, which needs no Docker. Where none is named and the
 * current one is Docker's own, the provider looks for one that it can build with.
 */
export function builderOf(given: string | undefined): string {
  const docker = process.env.DOCKER_CONFIG || path.join(homedir(), ".docker");
  const folder = path.join(process.env.BUILDX_CONFIG || path.join(docker, "buildx"), "instances");
  const name = given ?? (existsSync(folder) ? readdirSync(folder).sort()[0] : undefined);
  if (name === undefined || !existsSync(path.join(folder, name))) {
    throw new Error(`no builder ${JSON.stringify(name)} found`);
  }
  const { Driver } = JSON.parse(readFileSync(path.join(folder, name), "utf8"));
  if (Driver !== "remote") {
    throw new Error(`this stand-in builds with the driver remote alone, and ${name} is of ${Driver}`);
  }
  return name;
}
