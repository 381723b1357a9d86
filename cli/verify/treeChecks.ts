import { digitsOfTag, labelIn, TREE_LABEL, VERSION_LABEL } from "../../components/version";
import { type Check, contradicted, lacking, proven, unproven } from "./check";
import { type Evidence, isShort } from "./evidence";
import type { Candidate } from "./origin";

/** Checks of the files that an image says it was built from. */
export function treeChecks(evidence: Evidence): Check[] {
  const tree = treeCheck(evidence);
  return [tree, ...historyChecks(evidence, tree)];
}

function treeCheck({ labels, origin: { commit, candidates, named } }: Evidence): Check {
  const tree = labelIn(labels, TREE_LABEL);
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
  if (
    !commit ||
    tree.result !== "proven" ||
    isShort(
      tag === undefined ? undefined : digitsOfTag(tag, labelIn(labels, VERSION_LABEL)),
      labelIn(labels, TREE_LABEL),
    )
  ) {
    // A version that is named after its tree can have been built from any commit that has it.
    return [];
  }
  const right = candidates.filter(({ touched }) => touched === commit.hash);
  const names = (right.length > 0 ? right : candidates).map(nameOf).join(" or ");
  if (right.some(({ atBoundary }) => !atBoundary)) {
    return [proven("history", `that commit touched ${names}`)];
  }
  if (candidates.some(({ atBoundary }) => atBoundary)) {
    return [
      unproven("history", `whether that commit touched ${names} can't be told: the clone is shallow and ends there`),
    ];
  }
  const last = candidates.map(({ touched }) => touched ?? "none").join(" or ");
  return [contradicted("history", `that commit did not touch ${names}; the last one up to it that did is ${last}`)];
}

function nameOf({ paths }: Candidate): string {
  return paths.map((path) => path || "the whole repository").join(", ");
}
