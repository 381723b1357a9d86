import { availableParallelism } from "node:os";
import { forEachFew } from "../../concurrency";
import type { Commit } from "../../version";
import { COMMIT_FORMAT, commitsIn, describeCommits } from "../commits";
import { git } from "../git";
import { walk } from "./walk";

/** Up to so many items are asked for one by one: to start git as often is quicker than a walk through a long history. */
const FEW = 3;

/**
 * The commit that last touched each item, as `git rev-list -n 1 HEAD -- paths` names it; undefined where history never
 * had it. An item is one or more paths relative to the repository's root, "" for the root. `start` is where history is
 * read from, HEAD by default.
 *
 * Up to 3 items are asked for one by one, more are found in one walk. Throws GitError with git's own words, or GitNotFound.
 */
export async function lastCommits(
  root: string,
  items: readonly string[][],
  start = "HEAD",
): Promise<(Commit | undefined)[]> {
  if (areAskedOneByOne(items)) {
    return oneByOne(root, items, start);
  }
  const answers = await walk(root, items, start);
  const commits = await describeCommits(root, [...new Set(answers.filter((hash) => hash !== undefined))]);
  return answers.map((hash) => (hash === undefined ? undefined : commits.get(hash)));
}

export function areAskedOneByOne(items: readonly string[][]): boolean {
  return items.length <= FEW;
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
