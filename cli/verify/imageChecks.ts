import { CREATED_LABEL, DIRTY_LABEL, REVISION_LABEL, SOURCE_LABEL, TREE_LABEL } from "../../components/build/labels";
import type { Commit } from "../../components/version";
import { shortTime } from "../output";
import { type Check, contradicted, lacking, open, proven } from "./check";
import type { Candidate, Origin } from "./origin";

/** An image, what it says of itself, and what git says of that. */
export interface Evidence {
  /** Undefined if the image was named by its digest alone. */
  tag: string | undefined;
  /** The digest that it was named by, if it was. */
  statedDigest: string | undefined;
  /** What the registry has under the tag; under the digest if there is no tag. */
  servedDigest: string;
  labels: Record<string, string>;
  origin: Origin;
}

/** All checks of an image against git. */
export function imageChecks(evidence: Evidence): Check[] {
  const commit = commitCheck(evidence);
  const tree = treeCheck(evidence);
  return [
    digestCheck(evidence),
    commit,
    ...timeChecks(evidence),
    tree,
    ...historyChecks(evidence, tree),
    ...tagChecks(evidence),
    contentCheck(evidence),
  ];
}

function digestCheck({ tag, statedDigest, servedDigest }: Evidence): Check {
  if (statedDigest !== undefined && statedDigest !== servedDigest) {
    return contradicted("digest", `the registry serves ${servedDigest} under ${tag}, not ${statedDigest}`);
  }
  return proven("digest", `the registry serves ${servedDigest}, and what the image says of itself belongs to it`);
}

function commitCheck({ labels, origin: { commit, shallow } }: Evidence): Check {
  const revision = labels[REVISION_LABEL];
  if (revision === undefined) {
    return lacking("commit", `the image has no label ${REVISION_LABEL}: nothing says which commit it was built from`);
  }
  if (commit) {
    return proven("commit", `it says commit ${describe(commit)}, which is in this repository`);
  }
  const source = labels[SOURCE_LABEL] === undefined ? "" : ` (${labels[SOURCE_LABEL]})`;
  return lacking(
    "commit",
    `it says commit ${revision}, which is not in this repository: ` +
      (shallow
        ? "the clone is shallow, so run git fetch --unshallow"
        : `run git fetch, or run this in a clone of the repository that it is from${source}`),
  );
}

function describe({ hash, subject, author, committedAt }: Commit): string {
  return `${hash} ("${subject}", by ${author}, ${shortTime(committedAt)})`;
}

function timeChecks({ labels, origin: { commit } }: Evidence): Check[] {
  const created = labels[CREATED_LABEL];
  if (created === undefined || !commit || labels[TREE_LABEL] === undefined) {
    // Other tools put the time of the build there.
    return [];
  }
  const said = new Date(created).getTime();
  return said === commit.committedAt.getTime()
    ? [proven("time", `it says ${created}, which is the commit's time`)]
    : [contradicted("time", `it says ${created}, and the commit's time is ${commit.committedAt.toISOString()}`)];
}

function treeCheck({ labels, origin: { commit, candidates, named } }: Evidence): Check {
  const tree = labels[TREE_LABEL];
  if (tree === undefined) {
    return lacking("tree", `the image has no label ${TREE_LABEL}: nothing says which files it was built from`);
  }
  if (!commit) {
    return lacking("tree", `it says tree ${tree}, which can't be looked up without its commit`);
  }
  if (!named) {
    return candidates.length > 0
      ? proven("tree", `it says tree ${tree}, which is ${candidates.map(nameOf).join(" or ")} at that commit`)
      : lacking(
          "tree",
          `it says tree ${tree}, which is no directory's at that commit: if the image is made of several paths, name them ` +
            "with --context and --path",
        );
  }
  const [only] = candidates;
  const name = only ? nameOf(only) : "";
  if (only?.tree === undefined) {
    return contradicted("tree", `it says tree ${tree}, and that commit does not have ${name}`);
  }
  return only.tree === tree
    ? proven("tree", `it says tree ${tree}, which is ${name} at that commit`)
    : contradicted("tree", `it says tree ${tree}, and ${name} at that commit is ${only.tree}`);
}

/** Whether the commit is the one that the image's version is named after. */
function historyChecks({ tag, labels, origin: { commit, candidates } }: Evidence, tree: Check): Check[] {
  if (!commit || tree.result !== "proven" || isShort(digitsOf(tag), labels[TREE_LABEL])) {
    // A version that is named after its tree can have been built from any commit that has it.
    return [];
  }
  const right = candidates.filter(({ touched }) => touched === commit.hash);
  const names = (right.length > 0 ? right : candidates).map(nameOf).join(" or ");
  if (right.some(({ atBoundary }) => !atBoundary)) {
    return [proven("history", `that commit touched ${names}`)];
  }
  if (candidates.some(({ atBoundary }) => atBoundary)) {
    return [open("history", `whether that commit touched ${names} can't be told: the clone is shallow and ends there`)];
  }
  const last = candidates.map(({ touched }) => touched ?? "none").join(" or ");
  return [contradicted("history", `that commit did not touch ${names}; the last one up to it that did is ${last}`)];
}

function tagChecks({ tag, labels }: Evidence): Check[] {
  if (tag === undefined) {
    return [];
  }
  const digits = digitsOf(tag);
  if (digits === undefined) {
    return [open("tag", `${tag} names no version; such a tag can be moved to another image at any time`)];
  }
  const what = [
    ["commit", REVISION_LABEL],
    ["tree", TREE_LABEL],
  ].find(([, label = ""]) => isShort(digits, labels[label]))?.[0];
  if (what === undefined) {
    return labels[REVISION_LABEL] === undefined && labels[TREE_LABEL] === undefined
      ? [open("tag", `${tag} looks like a version, and nothing in the image says whether it is its own`)]
      : [contradicted("tag", `${tag} is neither the commit nor the tree that the image says it was built from`)];
  }
  if (labels[DIRTY_LABEL] !== undefined && !tag.endsWith("-debug")) {
    return [contradicted("tag", `${tag} is a production tag, and the image is a debug image`)];
  }
  return [proven("tag", `${tag} begins as that ${what} does`)];
}

/** The digits of a tag that names a version. */
function digitsOf(tag: string | undefined): string | undefined {
  return /^([0-9a-f]{7,40})(-debug)?$/.exec(tag ?? "")?.[1];
}

function isShort(digits: string | undefined, hash: string | undefined): boolean {
  return digits !== undefined && hash?.startsWith(digits) === true;
}

function contentCheck({ labels }: Evidence): Check {
  const dirty = labels[DIRTY_LABEL];
  if (dirty === "true") {
    return contradicted("content", "it is a debug image, built from a directory with uncommitted changes");
  }
  if (dirty !== undefined) {
    return lacking(
      "content",
      "it is a debug image, built from the directory as it was on disk: nothing was uncommitted, but files that git ignores " +
        "may be in it",
    );
  }
  return open(
    "content",
    "that the files in the image are those of the commit: labels are written by whoever builds, and only building the commit " +
      "again would show",
  );
}

function nameOf({ paths }: Candidate): string {
  return paths.map((path) => path || "the whole repository").join(", ");
}
