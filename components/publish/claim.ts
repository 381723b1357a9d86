import { VersionedImageError } from "../errors";
import { engineRun, urnOf } from "../pulumi";
import type { Subject } from "./subject";

interface Claim {
  run: unknown;
  urn: string;
  name: string;
}

/** The image that publishes each repository:tag. */
const claims = new Map<string, Claim>();

/**
 * Throws InvalidArgument if another image of the same run publishes under the same repository:tag: only one of them can be
 * what the tag means.
 */
export async function claimTag({ component, name, args, target }: Subject): Promise<void> {
  if (target === undefined || args.publish === false) {
    return;
  }
  const urn = await urnOf(component);
  const run = engineRun();
  const earlier = claims.get(target.spec);
  if (earlier !== undefined && earlier.run === run && earlier.urn !== urn) {
    throw new VersionedImageError(
      "InvalidArgument",
      `${target.spec} is the tag of another image of this program, ${earlier.name}, and a tag means one image: give each ` +
        "image a repository of its own, or declare it once and use it in both places.",
    );
  }
  claims.set(target.spec, { run, urn, name });
}
