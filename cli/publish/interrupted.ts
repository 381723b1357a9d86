import { VersionedImageError } from "../../components/errors";
import type { Image } from "./images";
import type { Run } from "./run";

/** Throws Interrupted once a signal has come; `when`: what was to be done, or was under way. */
export function refuseInterrupted({ repository, version }: Image, when: string, { signal }: Run): void {
  if (signal.aborted) {
    throw new VersionedImageError(
      "Interrupted",
      `${repository}:${version.tag} is not published: the call was interrupted when ${when}. No tag was set or overwritten; run it again to ` +
        "go on from there.",
    );
  }
}
