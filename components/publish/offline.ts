import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { engineRun } from "../pulumi";
import { isTried } from "./publishing";
import type { Used } from "./record";

const VARIABLE = "VERSIONED_IMAGE_OFFLINE";

/**
 * Whether this is a preview in which no registry is to be asked: VERSIONED_IMAGE_OFFLINE is 1, as for a pull request of a fork, which has
 * no credentials. Throws InvalidArgument in an update, and if the variable is something else.
 */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  const given = env[VARIABLE] ?? "";
  if (given === "" || given === "0") {
    return false;
  }
  if (given !== "1") {
    throw invalid(given, "give 1 for a preview without a registry, or leave it out");
  }
  if (!isTried()) {
    throw invalid(
      given,
      "that is for previews alone, and this is an update, which must ask the registry: leave it out",
    );
  }
  return true;
}

function invalid(given: string, remedy: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", `${VARIABLE} is ${JSON.stringify(given)}: ${remedy}.`);
}

const warned = new Set<unknown>();

/** Says once for all images of a run what a preview without a registry can't know. */
export function warnOfOffline(): void {
  const run = engineRun();
  if (!warned.has(run)) {
    warned.add(run);
    pulumi.log.warn(
      `${VARIABLE} is 1, so that no registry is asked: digests are those of the stack's last update. A version that is new to the stack has ` +
        "none yet, and whether it is published already, and whether it may be, is not known.",
    );
  }
}

/** The digest that the stack's last update used under repository:tag; that of a debug image follows from the disk, and none is recorded. */
export function recordedDigest(spec: string | undefined, used: Used | undefined): string | undefined {
  return (spec !== undefined && used?.spec === spec && used.digest) || undefined;
}
