/**
 * The time of everything in an image that BuildKit builds, in seconds since 1970: the first of 1980, before which archives of the ZIP format
 * can't name one, and which other builders of reproducible images have as well. The commit's time would not do: what a builder takes from its
 * cache may be older, and then has another time than what is built anew.
 */
const IMAGE_EPOCH = 315_532_801;

/** What `docker buildx build --output` is told so that a commit gives one digest. */
export const REPRODUCIBLE_EXPORT = ["rewrite-timestamp=true", `source-date-epoch=${IMAGE_EPOCH}`];

/** What the configuration of such an image says of when it was built. */
export const REPRODUCIBLE_TIME = new Date(IMAGE_EPOCH * 1000);

/** The commit's time as the build argument that a Dockerfile may ask for. */
export function sourceDateEpoch(committedAt: Date): { SOURCE_DATE_EPOCH: string } {
  return { SOURCE_DATE_EPOCH: String(Math.floor(committedAt.getTime() / 1000)) };
}
