import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { urnOf } from "../pulumi/outputs";
import type { Subject } from "./publication";

interface Claim {
  run: unknown;
  urn: string;
  name: string;
}

/** The image that publishes each repository:tag. */
const claims = new Map<string, Claim>();

/**
 * Throws InvalidArgument if another image of the same run publishes under the same repository:tag. The provider would push both
 * at the same time, neither there yet when the registry is asked, and the later one over the earlier.
 */
export async function claimTag({ component, name, args, version, knownRepository }: Subject): Promise<void> {
  if (knownRepository === undefined || args.publish === false) {
    return;
  }
  const spec = `${knownRepository}:${version.tag}`;
  const urn = await urnOf(component);
  const run = currentRun();
  const earlier = claims.get(spec);
  if (earlier !== undefined && earlier.run === run && earlier.urn !== urn) {
    throw new VersionedImageError(
      "InvalidArgument",
      `${spec} is the tag of another image of this program, ${earlier.name}, and each would be pushed over the other: give each ` +
        "image a repository of its own, or declare it once and use it in both places.",
    );
  }
  claims.set(spec, { run, urn, name });
}

/** What is the same for all images of a preview or update, also where a plugin is asked for each of them anew. */
function currentRun(): unknown {
  const monitor = pulumi.runtime.getMonitor() as Partial<Connected> | undefined;
  return monitor?.getChannel?.().getTarget() ?? monitor;
}

/** The SDK's connection to the engine, which mocks have none of. */
interface Connected {
  getChannel(): { getTarget(): string };
}
