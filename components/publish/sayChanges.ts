import * as pulumi from "@pulumi/pulumi";
import { readChanges } from "../git";
import { parseReference } from "../registry";
import { describeChanges, digitsOfTag, TagPolicy } from "../version";
import type { Used } from "./record";
import { onlySay, say } from "./runReport";
import type { Subject } from "./subject";

/** Says which commits lie between the version that a stack uses and that of `spec`, which replaces it, as far as git can tell. */
export function sayChanges(subject: Subject, spec: string, before: Used | undefined): Promise<void> {
  return onlySay(subject, "what has changed", () => tellChanges(subject, spec, before));
}

async function tellChanges(subject: Subject, spec: string, before: Used | undefined): Promise<void> {
  const { args, version } = subject;
  if (!before?.spec || before.spec === spec) {
    return;
  }
  const tag = parseReference(before.spec).tag ?? "";
  // The hash is at the end of the tag, whatever prefix it had. That of a tree names no commit.
  const from = digitsOfTag(tag, tag);
  if (from === undefined || args.tagPolicy === TagPolicy.Tree) {
    return;
  }
  const said = describeChanges(
    tag,
    await readChanges({ root: version.root, from, to: version.commit, paths: version.paths }),
  );
  if (said !== undefined) {
    say(subject, `${version.tag}: ${said}`);
  }
}

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
    `${name}: ${unknown.join(" and ")} ${are} not known before the update, so this preview can't tell whether ${spec}, which is ` +
      `published already, was built the same way. If it was built with ${were}, the update fails with BuildInputsChanged: then commit a change ` +
      "in the image's directory together with it.",
    component,
  );
}
