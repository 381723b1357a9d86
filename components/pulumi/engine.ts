import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";

/** The first version of the CLI that has all of what publishing rests on: Stash, resource hooks, and error hooks for every error. */
export const OLDEST_ENGINE = "3.244.0";

/** Asked for once for all images of an engine's run. */
const required = new WeakMap<object, Promise<void>>();

/** Throws PulumiTooOld if the engine that runs the program is older than that. */
export function requireEngine(): Promise<void> {
  const engine = pulumi.runtime.getEngine();
  const answer = (engine && required.get(engine)) ?? requireVersion(OLDEST_ENGINE);
  if (engine) {
    required.set(engine, answer);
  }
  return answer;
}

/** Throws PulumiTooOld if the engine is older than a version. */
export async function requireVersion(oldest: string): Promise<void> {
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
