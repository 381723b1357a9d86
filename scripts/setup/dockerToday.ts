import { chmod, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { run, which } from "./run";
import { MissingError } from "./say";
import { programsOfUnstable } from "./unstable";

/**
 * The `dockerd` of today, with the image store of containerd, which is the default from Docker 29 on; CLASSIC_STORE gives it the one
 * before. Throws MissingError where it can't be had.
 */
export async function ensureDockerToday(): Promise<string> {
  return path.join(await ensureToday(), "dockerd");
}

/** The containerd of today, with its shim beside it. Throws MissingError where it can't be had. */
export async function ensureContainerdToday(): Promise<string> {
  return path.join(await ensureToday(), "containerd");
}

async function ensureToday(): Promise<string> {
  if (!which("runc")) {
    throw new MissingError("a current Docker needs runc");
  }
  const programs = ["sbin/dockerd", "bin/containerd", "bin/containerd-shim-runc-v2"];
  return programsOfUnstable("docker", ["docker.io", "containerd"], programs, async (folder) => {
    const start = path.join(folder, "dockerd");
    await run("mv", [start, path.join(folder, DAEMON)]);
    await writeFile(start, WRAPPER);
    await chmod(start, 0o755);
    // Built for a newer Debian, it may need a newer C library than there is here.
    await run(start, ["--version"]);
  });
}

/** Of several such arguments, the last one counts. */
export const CLASSIC_STORE = ["--feature", "containerd-snapshotter=false"];

const DAEMON = "dockerd-of-today";

/** It starts the containerd that it came with. */
const WRAPPER = `#!/bin/sh
bin=$(dirname "$0")
PATH=$bin:$PATH exec "$bin/${DAEMON}" --feature containerd-snapshotter=true "$@"
`;
