import * as path from "node:path";
import { goProgram } from "./go";

/** A distribution registry of today, built from its Go module; Debian's is of 2.8. Throws MissingError where it can't be had. */
export async function ensureRegistryToday(): Promise<string> {
  const folder = await goProgram({
    name: "distribution",
    version: "3.1.2",
    package: "github.com/distribution/distribution/v3/cmd/registry",
    goMinor: 26,
  });
  return path.join(folder, "registry");
}
