import { forEachFew } from "../concurrency";
import { git } from "./git";
import type { Repository } from "./repository";
import { readTree, treeOf } from "./trees";

/** How many gits run at once. */
const AT_ONCE = 4;

/**
 * What an image's paths hold at each of the commits: git's hash, as its version has it, or undefined where the commit lacks one
 * of them. One call of git for a directory, whatever the number of commits; else one for each. Throws GitFailed.
 */
export async function treesAt(
  repository: Repository,
  commits: string[],
  paths: string[],
): Promise<Map<string, string | undefined>> {
  const { root } = repository;
  const distinct = [...new Set(commits)];
  const [only] = paths;
  if (paths.length === 1 && only !== undefined && !only.includes("\n")) {
    const found = await namedTrees(
      root,
      distinct.map((commit) => (only === "" ? `${commit}^{tree}` : `${commit}:${only}`)),
    );
    // A file is hashed with its mode, as several paths are.
    if (!found.includes("file")) {
      return new Map(distinct.map((commit, index) => [commit, found[index]]));
    }
  }
  const trees = await forEachFew(distinct, AT_ONCE, async (commit) =>
    treeOf({ paths }, await readTree({ root, head: commit }, paths), repository),
  );
  return new Map(distinct.map((commit, index) => [commit, trees[index]]));
}

/**
 * Which of these trees are a directory of each of the commits, whatever its name; the whole counts as one. One listing for each
 * distinct content. Throws GitFailed.
 */
export async function treesWithin(
  { root }: Repository,
  commits: string[],
  wanted: Set<string>,
): Promise<Map<string, Set<string>>> {
  const distinct = [...new Set(commits)];
  const roots = await namedTrees(
    root,
    distinct.map((commit) => `${commit}^{tree}`),
  );
  const contents = [...new Set(roots)].filter((tree) => tree !== undefined);
  const listed = await forEachFew(contents, AT_ONCE, async (tree) => {
    const printed = await git(["ls-tree", "-r", "-d", "-z", "--full-tree", tree], { cwd: root });
    const hashes = printed.split("\0").map((line) => line.slice(0, line.indexOf("\t")).split(" ")[2] ?? "");
    return new Set([tree, ...hashes].filter((hash) => wanted.has(hash)));
  });
  const byRoot = new Map(contents.map((tree, index) => [tree, listed[index] ?? new Set<string>()]));
  return new Map(distinct.map((commit, index) => [commit, byRoot.get(roots[index] ?? "") ?? new Set()]));
}

/** The trees of these names; "file" is one that is not a tree. */
async function namedTrees(root: string, names: string[]): Promise<(string | undefined)[]> {
  if (names.length === 0) {
    return [];
  }
  const printed = await git(["cat-file", "--batch-check=%(objectname) %(objecttype)"], {
    cwd: root,
    input: names.map((name) => `${name}\n`).join(""),
  });
  return printed
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      const [, hash, type] = /^([0-9a-f]{40,64}) (tree|blob|commit)$/.exec(line) ?? [];
      return type === undefined || type === "tree" ? hash : "file";
    });
}
