import type { types } from "@pulumi/gcp";
import { invalidArgument } from "../errors";

type Policy = types.input.artifactregistry.RepositoryCleanupPolicy;

/** What of an ImageRepository decides what Artifact Registry deletes by itself. */
interface Retention {
  untaggedDays?: number;
  debugDays?: number;
  keepVersions?: number;
}

const SECONDS_A_DAY = 24 * 60 * 60;

/** Artifact Registry counts manifests: what Docker has built, and the same with its labels, which the version's tag names. */
const MANIFESTS = 2;

/** Throws InvalidArgument where a number of days or versions is none. */
export function checkPolicies({ untaggedDays, debugDays, keepVersions }: Retention): void {
  assertCount({ untaggedDays, debugDays }, "days");
  assertCount({ keepVersions }, "versions");
}

/** What is deleted of debug images: what has lost its tag, and what is old. */
export function debugPolicies({ untaggedDays = 7, debugDays }: Retention): Policy[] {
  const untagged = deletion("untagged", "UNTAGGED", untaggedDays);
  return debugDays === undefined ? [untagged] : [untagged, deletion("old", "TAGGED", debugDays)];
}

/**
 * What is deleted of production's: what is beyond the most recent versions, and what has no tag and is old, or nothing. The most recent ones
 * stay in any case, and Artifact Registry deletes no part of an index that is there.
 */
export function productionPolicies({ keepVersions, untaggedDays = 7 }: Retention): Policy[] | undefined {
  if (keepVersions === undefined) {
    return undefined;
  }
  return [
    { id: "recent", action: "KEEP", mostRecentVersions: { keepCount: keepVersions * MANIFESTS } },
    { id: "others", action: "DELETE", condition: { tagState: "TAGGED" } },
    deletion("untagged", "UNTAGGED", untaggedDays),
  ];
}

function deletion(id: string, tagState: string, days: number): Policy {
  return { id, action: "DELETE", condition: { tagState, olderThan: `${days * SECONDS_A_DAY}s` } };
}

function assertCount(values: Record<string, number | undefined>, what: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw invalidArgument(`${name} is ${value}. Use a whole number of ${what}, at least 1.`);
    }
  }
}
