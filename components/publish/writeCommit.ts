import * as pulumi from "@pulumi/pulumi";
import { scratchPrefix } from "../context";
import { exportCommit } from "../git";
import type { Subject } from "./subject";

/**
 * Writes what a version was committed with, a Dockerfile from outside of the context to where `staged` says from there, and its named contexts to
 * where `named` says. Warns of filters whose work an image gives away.
 */
export async function writeCommit(
  { component, name, version, dockerfile }: Subject,
  into: string,
  staged: string,
  named?: (context: string) => string,
): Promise<void> {
  const outside = staged === dockerfile ? undefined : { dockerfile, staged };
  const { filters } = await exportCommit(version, into, { named, outside, scratch: await scratchPrefix() });
  const undoing = filters.filter((filter) => filter !== "lfs");
  if (undoing.length > 0) {
    pulumi.log.warn(
      `${name}: files go through git's ${undoing.length === 1 ? "filter" : "filters"} ${undoing.join(", ")}: whoever can pull the ` +
        "image can read what these undo, an encryption for instance.",
      component,
    );
  }
}
