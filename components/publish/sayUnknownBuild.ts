import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "./subject";

/**
 * Says of a version that is published already what a preview can't know of how it is to be built, and what the update may answer: without a word it
 * would look as if nothing could go wrong.
 */
export function sayUnknownBuild({ component, name, build }: Subject, spec: string): void {
  const { unknown } = build;
  if (unknown.length === 0) {
    return;
  }
  const [are, were] = unknown.length > 1 ? ["are", "other values"] : ["is", "another value"];
  pulumi.log.warn(
    `${name}: ${unknown.join(" and ")} ${are} not known before the update, so that this preview can't tell whether ${spec}, which is ` +
      `published already, was built so. If it was built with ${were}, the update ends with BuildInputsChanged: then commit a change in the ` +
      "image's directory that goes with it.",
    component,
  );
}
