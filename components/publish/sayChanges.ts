import { readChanges } from "../git";
import { parseReference } from "../registry";
import { describeChanges, digitsOfTag, TagPolicy } from "../version";
import { onlySay } from "./onlySay";
import type { Used } from "./record";
import { say } from "./runReport";
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
