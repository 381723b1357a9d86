import { availableParallelism } from "node:os";
import { git } from "../git";
import { hasChangedPathFilters } from "./changedPathFilters";
import { walk } from "./walk";

/** Up to so many items are asked for one by one. */
const FEW = 3;
/** The same where changed-path filters spare git most of the work. */
const FEW_WITH_FILTERS = 20;

/**
 * The commit that last touched each item, as `git rev-list -n 1 HEAD -- paths` names it; undefined where history never
 * had it. An item is one or more paths relative to the repository's root, "" for the root. `start` is where history is
 * read from, HEAD by default.
 *
 * A rule picks the way: up to 3 items are asked for one by one, up to 20 if the commit-graph has changed-path filters (but
 * still no more than 3 of several paths, which git does not use the filters for); more are found in one walk.
 * Throws GitError with git's own words, or GitNotFound.
 */
export async function lastCommits(
  root: string,
  items: readonly string[][],
  start = "HEAD",
): Promise<(string | undefined)[]> {
  return (await areFew(root, items)) ? oneByOne(root, items, start) : walk(root, items, start);
}

async function areFew(root: string, items: readonly string[][]): Promise<boolean> {
  const slow = items.filter((paths) => paths.length > 1).length;
  return (
    items.length <= FEW || (items.length <= FEW_WITH_FILTERS && slow <= FEW && (await hasChangedPathFilters(root)))
  );
}

/** As many at once as there are cores. */
async function oneByOne(root: string, items: readonly string[][], start: string): Promise<(string | undefined)[]> {
  const answers: (string | undefined)[] = [];
  const open = items.entries();
  const work = async () => {
    for (const [item, paths] of open) {
      answers[item] = await lastCommit(root, paths, start);
    }
  };
  await Promise.all(Array.from({ length: Math.min(items.length, availableParallelism()) }, work));
  return answers;
}

async function lastCommit(root: string, paths: string[], start: string): Promise<string | undefined> {
  // Without a path git would name any commit; one that touches nothing is no answer for the root either.
  const pathspecs = paths.map((path) => path || ".");
  const printed = await git(["rev-list", "-n", "1", start, "--", ...pathspecs], { cwd: root });
  return printed.trim() || undefined;
}
