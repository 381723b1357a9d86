import { labelIn, REVISION_LABEL, shownPaths } from "../../components/version";
import { isBelow, lastPart } from "../verify/belonging";
import { isConsistent } from "../verify/check";
import type { Verification } from "../verify/verification";
import { type Group, repositoriesOfGroup } from "./groups";

/** What runs and was not shown to be one of the images: what was found of it, or why nothing was. */
export interface Stranger {
  group: Group;
  result: Verification | string;
}

/** The directory of an image that was asked for, and how it is called. */
interface Context {
  /** Relative to the repository's root. */
  context: string;
  name: string;
}

/** Why it is none of the images that were asked for. */
export function strangeness({ result }: Stranger): string {
  if (typeof result === "string") {
    return result;
  }
  const { labels, commit, origin, checks } = result;
  const revision = labelIn(labels, REVISION_LABEL);
  if (revision !== undefined && !commit) {
    return `this clone does not have its commit ${revision.slice(0, 12)} (git fetch)`;
  }
  if (!commit || !isConsistent(checks)) {
    return "none of these images";
  }
  const from = origin.candidates.map(({ paths }) => shownPaths(paths)).join(" or ");
  return `built from ${from} at ${commit.hash.slice(0, 7)} "${commit.subject}"`;
}

/**
 * Whether the answer is no for it. What can't be looked at or is not consistent is, in any repository that is one of these (or below
 * one) or is called as an image's directory (`contexts`). An image that another directory was built into is in one of these alone, or in
 * one that is called as an image's directory and not as its own. One that says that it is of an image's directory is that image, made
 * of other files than the options name.
 */
export function isSuspect({ group, result }: Stranger, known: Set<string>, contexts: Context[]): boolean {
  const { error } = group.belonging;
  const repositories = repositoriesOfGroup(group);
  const names = contexts.map(({ name }) => name);
  if (typeof result === "string" || !isConsistent(result.checks)) {
    return (
      error !== undefined || repositories.some((each) => isBelow(each, [...known]) || names.includes(lastPart(each)))
    );
  }
  const { labelled, candidates } = result.origin;
  if (typeof labelled === "object" && contexts.some(({ context }) => context === labelled.context)) {
    return true;
  }
  const own = candidates.flatMap(({ paths }) => paths.map(lastPart));
  return repositories.some(
    (each) => known.has(each) || (names.includes(lastPart(each)) && !own.includes(lastPart(each))),
  );
}
