import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { exclusively } from "./exclusively";
import { CACHE } from "./paths";

/**
 * A folder `bin` of programs that take long to make, kept outside of the repository under a name that says the version.
 * `make` puts them into `bin` of the folder it is given; what is interrupted leaves nothing that looks finished.
 */
export async function cachedPrograms(
  name: string,
  what: string,
  make: (scratch: string) => Promise<void>,
): Promise<string> {
  const home = path.join(CACHE, name);
  const bin = path.join(home, "bin");
  if (existsSync(bin)) {
    return bin;
  }
  await mkdir(CACHE, { recursive: true });
  return exclusively(`${home}.lock`, what, async () => {
    if (existsSync(bin)) {
      return bin;
    }
    // What a run left that was killed: nobody else can be at it now.
    for (const left of (await readdir(CACHE)).filter((entry) => entry.startsWith(`${name}.tmp-`))) {
      await rm(path.join(CACHE, left), { recursive: true, force: true });
    }
    const scratch = await mkdtemp(`${home}.tmp-`);
    try {
      await make(scratch);
      await mkdir(home, { recursive: true });
      await rename(path.join(scratch, "bin"), bin);
      return bin;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}
