import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "./errors";

/** The first version of the CLI that has all of what publishing rests on: Stash, resource hooks, and error hooks for every error. */
export const OLDEST_ENGINE = "3.244.0";

/** Throws PulumiTooOld if the engine that runs the program is older than that. */
export async function requireEngine(oldest = OLDEST_ENGINE): Promise<void> {
  try {
    await pulumi.requirePulumiVersion(`>=${oldest}`);
  } catch (error) {
    throw new VersionedImageError(
      "PulumiTooOld",
      `VersionedImage needs version ${oldest} or later of the Pulumi CLI: upgrade it (https://www.pulumi.com/docs/install/). ` +
        `Pulumi says: ${(error as { details?: string }).details ?? (error as Error).message}`,
      { cause: error },
    );
  }
}
