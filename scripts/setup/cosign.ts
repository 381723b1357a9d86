import * as path from "node:path";
import { run, which } from "./run";
import { programsOfUnstable } from "./unstable";

/** The folder of cosign. Throws MissingError where it can't be had. */
export async function ensureCosign(): Promise<string> {
  const found = which("cosign");
  return found
    ? path.dirname(found)
    : programsOfUnstable("cosign", ["cosign"], ["bin/cosign"], (bin) => run(path.join(bin, "cosign"), ["version"]));
}
