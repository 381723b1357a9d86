import { git } from "./git";

/**
 * The commit that last touched each item, an item being paths relative to the repository's root ("" for the root): what
 * `git rev-list -n 1 HEAD -- paths` names. Undefined where no commit did.
 */
export function lastCommits(root: string, items: readonly string[][]): Promise<(string | undefined)[]> {
  return Promise.all(items.map((paths) => lastCommit(root, paths)));
}

async function lastCommit(root: string, paths: string[]): Promise<string | undefined> {
  const printed = await git(["rev-list", "-n", "1", "HEAD", "--", ...(paths.includes("") ? [] : paths)], { cwd: root });
  return printed.trim() || undefined;
}
