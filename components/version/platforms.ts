import { VersionedImageError } from "../errors";

/** What an image is built for where nobody says it, whatever the machine is that builds. */
export const DEFAULT_PLATFORM = "linux/amd64";

/**
 * Platforms as a build has them, sorted and each once; the default where none is given. `option`: what they were given as, for messages. Throws
 * InvalidArgument for one that can't be.
 */
export function platformsOf(given: string[], option: string): [string, ...string[]] {
  const [first = DEFAULT_PLATFORM, ...others] = [...new Set(given)].sort();
  for (const platform of [first, ...others]) {
    if (!/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform)) {
      throw new VersionedImageError(
        "InvalidArgument",
        `${option} is ${JSON.stringify(platform)}: give it as os/arch or os/arch/variant, for instance linux/arm64.`,
      );
    }
  }
  return [first, ...others];
}
