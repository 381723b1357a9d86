import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

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
