import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

/**
 * Where a builder instance listens, from buildx's own file; it must be of the driver remote, which needs no Docker. Where none is named and the
 * current one is Docker's own, the provider looks for one that it can build with.
 */
export function endpointOf(given: string | undefined): string {
  const docker = process.env.DOCKER_CONFIG || path.join(homedir(), ".docker");
  const folder = path.join(process.env.BUILDX_CONFIG || path.join(docker, "buildx"), "instances");
  const name = given ?? (existsSync(folder) ? readdirSync(folder).sort()[0] : undefined);
  if (name === undefined || !existsSync(path.join(folder, name))) {
    throw new Error(`no builder ${JSON.stringify(name)} found`);
  }
  const { Driver, Nodes } = JSON.parse(readFileSync(path.join(folder, name), "utf8"));
  if (Driver !== "remote") {
    throw new Error(`this stand-in builds with the driver remote alone, and ${name} is of ${Driver}`);
  }
  return Nodes[0].Endpoint;
}
