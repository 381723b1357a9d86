import * as path from "node:path";
import { cachedPrograms } from "./cached";
import { goCommand } from "./go";
import { run } from "./run";
import { during, MissingError } from "./say";

const VERSION = "3.1.2";
const GO_MINOR = 26;

/** A distribution registry of today, built from its Go module; Debian's is of 2.8. Throws MissingError where it can't be had. */
export async function ensureRegistryToday(): Promise<string> {
  const go = await goCommand(GO_MINOR);
  if (!go) {
    throw new MissingError(`distribution ${VERSION} is built with Go 1.${GO_MINOR} or later, which is not on PATH`);
  }
  const module = `github.com/distribution/distribution/v3/cmd/registry@v${VERSION}`;
  const bin = await cachedPrograms(`distribution-${VERSION}`, `Building distribution ${VERSION}`, async (scratch) => {
    const env = { ...process.env, GOFLAGS: "", GOBIN: path.join(scratch, "bin"), CGO_ENABLED: "0" };
    const build = run(go, ["install", "-trimpath", module], { env, patient: true, timeout: BUILD_LIMIT });
    await during(`Building distribution ${VERSION}`, build).catch((error: Error) => {
      throw new MissingError(`distribution ${VERSION} can't be built (${error.message})`);
    });
  });
  return path.join(bin, "registry");
}

/** In milliseconds. */
const BUILD_LIMIT = 900_000;
