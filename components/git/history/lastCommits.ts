import { availableParallelism } from "node:os";
import { forEachFew } from "../../concurrency";
import type { Commit } from "../../version";
import { COMMIT_FORMAT, commitsIn, describeCommits } from "../commits";
import { git } from "../git";
import { commitsWithFilters } from "./changedPathFilters";
import { walk } from "./walk";

/** Up to so many items are asked for one by one. */
const FEW = 3;
/** The same where changed-path filters spare git most of the work of a long history. */
const FEW_WITH_FILTERS = 20;
/** As long must a history be for each of those: the walk through a short one is quicker than starting git many times. */
const COMMITS_EACH = 1_000;

/**
 * The commit that last touched each item, as `git rev-list -n 1 HEAD -- paths` names it; undefined where history never
 * had it. An item is one or more paths relative to the repository's root, "" for the root. `start` is where history is
 * read from, HEAD by default.
 *
 * A rule picks the way. Up to 3 items are asked for one by one; where the commit-graph has changed-path filters, an item
 * for each 1,000 commits, at most 20 (of which no more than 3 may have several paths: git uses filters for one). More items
 * are found in one walk. Throws GitError with git's own words, or GitNotFound.
 */
export async function lastCommits(
  root: string,
  items: readonly string[][],
  start = "HEAD",
): Promise<(Commit | undefined)[]> {
  if (await areAskedOneByOne(root, items)) {
    return oneByOne(root, items, start);
  }
  const answers = await walk(root, items, start);
  const commits = await describeCommits(root, [...new Set(answers.filter((hash) => hash !== undefined))]);
  return answers.map((hash) => (hash === undefined ? undefined : commits.get(hash)));
}

/** The rule. */
export async function areAskedOneByOne(root: string, items: readonly string[][]): Promise<boolean> {
  const several = items.filter((paths) => paths.length > 1).length;
  return (
    items.length <= FEW ||
    (items.length <= FEW_WITH_FILTERS &&
      several <= FEW &&
      items.length * COMMITS_EACH <= (await commitsWithFilters(root)))
  );
}

/** As many at once as there are cores. */
export function oneByOne(root: string, items: readonly string[][], start: string): Promise<(Commit | undefined)[]> {
  return forEachFew(items, availableParallelism(), (paths) => lastCommit(root, paths, start));
}

async function lastCommit(root: string, paths: string[], start: string): Promise<Commit | undefined> {
  // Without a path git would name any commit; one that touches nothing is no answer for the root either.
  const pathspecs = paths.map((path) => path || ".");
  const printed = await git(["rev-list", "-n", "1", COMMIT_FORMAT, start, "--", ...pathspecs], { cwd: root });
  return commitsIn(printed)[0];
}
