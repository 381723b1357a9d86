import { VersionedImageError } from "../errors";

/** A file that would say the project, but can't be read: another project might be the wrong one. */
export function unreadable(file: string, why: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError(
    "InvalidArgument",
    `The Google Cloud project can't be found out: ${file} can't be read (${why}). Mend the file, or run ` +
      "`pulumi config set gcp:project PROJECT`.",
    { cause },
  );
}
