import { type BakedSet, bakedImages } from "./bakedImages";
import { type BakeCall, printBake } from "./printBake";
import { parsePrinted } from "./printed";

export type { BakedImage, BakedSet } from "./bakedImages";
export { repositoriesOf } from "./repositories";
export { sayUnmeant, type Unmeant } from "./said";
export { secretsOf } from "./secrets";

/**
 * The images that bake files describe: HCL, JSON or Compose. Throws BakeFailed with buildx's own words, BakeUnfit for a target that can't be
 * an image of this package, InvalidArgument for a file or a target that is not on this machine.
 */
export async function readBake(call: BakeCall): Promise<BakedSet> {
  return bakedImages(parsePrinted(await printBake(call)), call.directory);
}
