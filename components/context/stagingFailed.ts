import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { STAGING } from "./stagingRoot";

/** Turns what the file system refuses while files are staged into StagingFailed; errors of ours stay what they are. */
export async function stagingFailed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VersionedImageError || !(error instanceof Error)) {
      throw error;
    }
    throw new VersionedImageError(
      "StagingFailed",
      `The files of the image could not be put into ${path.resolve(STAGING)}: ${error.message}. ` +
        "Nothing was built; see that the disk has room and that the folder can be written, then run again.",
      { cause: error },
    );
  }
}
