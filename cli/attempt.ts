import { VersionedImageError } from "../components/errors";

/** Does something for one of several: an error of ours is its answer, and does not hide those of the others. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | VersionedImageError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return error;
    }
    throw error;
  }
}
