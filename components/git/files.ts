import { VersionedImageError } from "../errors";
import { ifThere as ifAny } from "../files";

/** What is said where there is no such file, or can be none: links that lead in a circle, and names that are too long or hold NUL. */
export const MISSING = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"];

/**
 * What a call on a file gives; undefined where there is none, or where it fails in another way that counts as that. Throws
 * ContextNotFound where the user may not look.
 */
export function ifThere<T>(call: Promise<T>, codes = MISSING): Promise<T | undefined> {
  return ifAny(call, codes).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EACCES") {
      throw error;
    }
    throw new VersionedImageError(
      "ContextNotFound",
      `The image's files can't be accessed (${error.message}). Give the current user access to their parent directories.`,
      { cause: error },
    );
  });
}
