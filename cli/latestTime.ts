/**
 * The latest of the times that an image states of itself; undefined if it states none. One that is built to be the same each time has a
 * time of long ago in its configuration, or that of year 1 or 1970, and the commit's in a label.
 */
export function latestTime(...stated: (string | undefined)[]): Date | undefined {
  const times = stated.map((text) => new Date(text ?? "")).filter((time) => time.getTime() > 0);
  return times.sort((one, other) => other.getTime() - one.getTime())[0];
}
