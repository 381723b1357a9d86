/**
 * The time of everything in an image that BuildKit builds, in seconds since 1970: the first of 1980, before which archives of the ZIP format
 * can't name one, and which other builders of reproducible images have as well. The commit's time would not do: what a builder takes from its
 * cache may be older, and then has another time than what is built anew.
 */
export const IMAGE_EPOCH = 315_532_801;
