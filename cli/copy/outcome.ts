import type { CopiedImage } from "../../components/copy";
import type { VersionedImageError } from "../../components/errors";

/** What became of one of the images that were named. */
export interface Outcome {
  given: string;
  result: Copied | VersionedImageError;
}

export interface Copied extends CopiedImage {
  /** repository@digest */
  source: string;
  repository: string;
  tag: string;
  digest: string;
}
