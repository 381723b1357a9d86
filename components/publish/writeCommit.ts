import * as pulumi from "@pulumi/pulumi";
import { scratchPrefix } from "../context";
import { exportCommit } from "../git";
import type { Subject } from "./subject";

/** Writes what a version was committed with, its named contexts to where `named` says. Warns of filters whose work an image gives away. */
export async function writeCommit(
  { component, name, version }: Subject,
  into: string,
  named?: (context: string) => string,
): Promise<void> {
  const { filters } = await exportCommit(version, into, { named, scratch: await scratchPrefix() });
  const undoing = filters.filter((filter) => filter !== "lfs");
  if (undoing.length > 0) {
    pulumi.log.warn(
      `${name}: files go through git's ${undoing.length === 1 ? "filter" : "filters"} ${undoing.join(", ")}: whoever can pull the ` +
        "image can read what these undo, an encryption for instance.",
      component,
    );
  }
}
