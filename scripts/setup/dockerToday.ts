import { chmod, mkdir, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { cachedPrograms } from "./cached";
import { unpackFromSuite } from "./debian";
import { run, which } from "./run";
import { MissingError } from "./say";

/** The suite of Debian that has Docker as it is released, and the month in which that was looked at last. */
const SUITE = "unstable";
const EDITION = "2026-11";

/**
 * The `dockerd` of today, with the image store of containerd, which is the default from Docker 29 on; this machine's own packages are
 * often years older. Throws MissingError where it can't be had.
 */
export async function ensureDockerToday(): Promise<string> {
  const runc = which("runc");
  if (!runc) {
    throw new MissingError("a Docker of today needs this machine's runc");
  }
  const bin = await cachedPrograms(`docker-${SUITE}-${EDITION}`, "Unpacking a Docker of today", async (scratch) => {
    await unpackFromSuite(SUITE, ["docker.io", "containerd"], scratch);
    await mkdir(path.join(scratch, "bin"));
    const found = ["sbin/dockerd", "bin/containerd", "bin/containerd-shim-runc-v2"].map((file) =>
      path.join(scratch, "usr", file),
    );
    await run("mv", [...found, path.join(scratch, "bin")]);
    await run("mv", [path.join(scratch, "bin/dockerd"), path.join(scratch, "bin", DAEMON)]);
    const start = path.join(scratch, "bin", "dockerd");
    await writeFile(start, WRAPPER);
    await chmod(start, 0o755);
    // Built for a newer Debian, it may need a newer C library than there is here.
    await run(start, ["--version"]);
  });
  return path.join(bin, "dockerd");
}

const DAEMON = "dockerd-of-today";

/** It starts the containerd that it came with. */
const WRAPPER = `#!/bin/sh
bin=$(dirname "$0")
PATH=$bin:$PATH exec "$bin/${DAEMON}" --feature containerd-snapshotter=true "$@"
`;
