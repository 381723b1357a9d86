/**
 * Bake files, as images of this package: `readBake` has buildx print a file, and says what of it is used, refused or
 * not meant.
 */

import type { BakedSet } from "./bakedImage";
import { bakedImages } from "./bakedImages";
import { type BakeCall, describesNone, printBake } from "./printBake";
import { parsePrinted } from "./printed";

export type { BakedImage, BakedSet } from "./bakedImage";
export { repositoriesOf } from "./repositories";
export { sayUnmeant, type Unmeant } from "./said";
export { secretOptions, secretsOf } from "./secrets";

/**
 * The images that bake files describe: HCL, JSON or Compose. Throws BakeFailed with buildx's own words, or where they describe none,
 * InvalidArgument for a file or a target that is not on this machine.
 */
export async function readBake(call: BakeCall): Promise<BakedSet> {
  const baked = bakedImages(parsePrinted(await printBake(call)), call.directory);
  if (baked.asked.length === 0) {
    throw describesNone(call);
  }
  return baked;
}
