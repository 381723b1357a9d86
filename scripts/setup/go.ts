import * as path from "node:path";
import { cachedPrograms } from "./cached";
import { run, which } from "./run";
import { during, MissingError } from "./say";

/** The go command, if it is there and not older than so many minor versions of Go 1. */
export async function goCommand(minorNeeded: number): Promise<string | undefined> {
  const go = which("go");
  if (!go) {
    return undefined;
  }
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(await run(go, ["version"])) ?? []).map(Number);
  return major > 1 || (major === 1 && minor >= minorNeeded) ? go : undefined;
}

/** A program that `go install` builds from a package of a Go module. */
export interface GoProgram {
  /** What it is called in messages and in the cache. */
  name: string;
  /** Without `v`. */
  version: string;
  package: string;
  /** The Go 1 that builds it, at least. */
  goMinor: number;
}

/** The folder of such a program, built once. Throws MissingError where it can't be had. */
export async function goProgram({ name, version, package: from, goMinor }: GoProgram): Promise<string> {
  const go = await goCommand(goMinor);
  if (!go) {
    throw new MissingError(`${name} ${version} is built with Go 1.${goMinor} or later, which is not on PATH`);
  }
  return cachedPrograms(`${name}-${version}`, `Building ${name} ${version}`, async (scratch) => {
    const env = { ...process.env, GOFLAGS: "", GOBIN: path.join(scratch, "bin"), CGO_ENABLED: "0" };
    const args = ["install", "-trimpath", `${from}@v${version}`];
    const build = run(go, args, { env, patient: true, timeout: BUILD_LIMIT });
    await during(`Building ${name} ${version}`, build).catch((error: Error) => {
      throw new MissingError(`${name} ${version} can't be built (${error.message})`);
    });
  });
}

/** In milliseconds. */
const BUILD_LIMIT = 900_000;
