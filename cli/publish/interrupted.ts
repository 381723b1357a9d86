import { VersionedImageError } from "../../components/errors";
import type { Image } from "./images";
import type { Run } from "./run";

/** Throws Interrupted once a signal has come; `when`: what was to be done, or was under way. */
export function refuseInterrupted({ repository, version }: Image, when: string, { signal }: Run): void {
  if (signal.aborted) {
    throw new VersionedImageError(
      "Interrupted",
      `${repository}:${version.tag} is not published: interrupted ${when}. No tag was set or overwritten. Run it ` +
        "again to continue.",
    );
  }
}
