import type { ErrorCode, VersionedImageError } from "../components/errors";
import type { ImageConfig } from "../components/registry";
import { CREATED_LABEL, labelIn } from "../components/version";
import { attempt } from "./attempt";

const UNFIT: ErrorCode[] = ["PlatformNotFound", "NotAnImage", "RegistryProtocol"];

/** What comes of asking for an image; the error where there is something that is no image, which must not hide others. */
export function unlessUnfit<T>(asked: Promise<T>): Promise<T | VersionedImageError> {
  return attempt(
    () => asked,
    (code) => UNFIT.includes(code),
  );
}

/**
 * The latest of the times that an image states of itself; undefined if it states none. One that is built to be the same each time has a
 * time of long ago in its configuration, or that of year 1 or 1970, and the commit's in a label.
 */
export function builtAt({ created, labels }: Pick<ImageConfig, "created" | "labels">): Date | undefined {
  const times = [created, labelIn(labels, CREATED_LABEL)].map((text) => new Date(text ?? ""));
  const stated = times.filter((time) => time.getTime() > 0);
  return stated.sort((one, other) => other.getTime() - one.getTime())[0];
}
