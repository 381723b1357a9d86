import * as path from "node:path";
import { STAGING } from "./stagingRoot";

/** Whether a Dockerfile, which is named relative to the context, is outside of it. */
export function isOutside(dockerfile: string): boolean {
  return path.normalize(dockerfile).startsWith("../");
}

/** The Dockerfile of a staged context, relative to it: one from outside is beside the context, where it is no file of the image. */
export function stagedBeside(dockerfile: string): string {
  return isOutside(dockerfile) ? path.join("..", "dockerfile", path.basename(dockerfile)) : dockerfile;
}

/**
 * The same for Docker's provider, which sends the Dockerfile as a file of the context. One that is outside it gives a name at random, so that
 * each build would be another one: here it has a name that nothing else in a context has.
 */
export function stagedWithin(dockerfile: string): string {
  return isOutside(dockerfile) ? path.join(STAGING, path.basename(dockerfile)) : dockerfile;
}
