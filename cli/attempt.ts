import { type ErrorCode, VersionedImageError } from "../components/errors";

/**
 * Does something for one of several: an error of ours is its answer, and does not hide those of the others. `isAnswer`: by its code, whether it
 * is; what is not is thrown. Default: each is.
 */
export async function attempt<T>(
  work: () => Promise<T>,
  isAnswer: (code: ErrorCode) => boolean = () => true,
): Promise<T | VersionedImageError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VersionedImageError && isAnswer(error.code)) {
      return error;
    }
    throw error;
  }
}
