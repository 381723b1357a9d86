import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { VersionedImageError } from "../errors";

/** Whether the program runs under Pulumi's mocks: these know no resource hooks, and nothing is built or recorded. */
export function isMocked(): boolean {
  return pulumi.runtime.getMonitor() instanceof MockMonitor;
}

/** The stack's organization; none under mocks, which need not name one. */
export function organization(): string {
  return isMocked() ? "" : pulumi.getOrganization();
}

/**
 * What is the same for all resources of a preview or update, also where a plugin is asked for each of them anew. It is the
 * address of the engine, which the SDK (read in 3.259) has on its connection but not in its types; mocks have no connection.
 */
export function engineRun(): unknown {
  const monitor = pulumi.runtime.getMonitor() as Partial<Connected> | undefined;
  return monitor?.getChannel?.().getTarget() ?? monitor;
}

interface Connected {
  getChannel(): { getTarget(): string };
}

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
      `VersionedImage needs Pulumi CLI ${oldest} or later. Upgrade it (https://www.pulumi.com/docs/install/). ` +
        `Pulumi says: ${(error as { details?: string }).details ?? (error as Error).message}`,
      { cause: error },
    );
  }
}

/** What the docker command is to be run with so that it asks the daemon that Docker's provider builds with, which its own setting may name. */
export function dockerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const host = pulumi.runtime.getConfig("docker:host");
  return host === undefined ? env : { ...env, DOCKER_HOST: host };
}
