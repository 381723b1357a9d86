import { mkdir } from "node:fs/promises";
import * as path from "node:path";
import { cachedPrograms } from "./cached";
import { unpackFromSuite } from "./debian";
import { run } from "./run";

/** The suite of Debian that has programs as they are released, and the month in which that was looked at last. */
const SUITE = "unstable";
const EDITION = "2026-11";

/**
 * The folder of programs of packages as they are released today; this machine's own are often years older. `finish` is what is to be done
 * with them, such as to see whether they run here. Throws MissingError where they can't be had.
 */
export function programsOfUnstable(
  name: string,
  packages: string[],
  programs: string[],
  finish: (bin: string) => Promise<unknown>,
): Promise<string> {
  return cachedPrograms(`${name}-${SUITE}-${EDITION}`, `Unpacking ${name} of Debian's ${SUITE}`, async (scratch) => {
    await unpackFromSuite(SUITE, packages, scratch);
    const bin = path.join(scratch, "bin");
    await mkdir(bin);
    await run("mv", [...programs.map((program) => path.join(scratch, "usr", program)), bin]);
    await finish(bin);
  });
}
