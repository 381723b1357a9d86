import { createHash } from "node:crypto";
import { VersionedImageError } from "../errors";
import type { Commit } from "../version";
import { git } from "./git";
import { mayLack } from "./ignoreFile";
import type { Located } from "./locate";
import type { Repository } from "./repository";

/** What a commit holds at a path, as `git ls-tree` prints it. */
export interface TreeEntry {
  mode: string;
  type: string;
  hash: string;
}

/** What a repository's head holds at each of these paths; the root is not among the answers. */
export async function readTree(
  { root, head }: Pick<Repository, "root" | "head">,
  paths: string[],
): Promise<Map<string, TreeEntry>> {
  const wanted = new Set(paths.filter((path) => path !== ""));
  if (wanted.size === 0) {
    return new Map();
  }
  const entries = await listTree(root, head, [...wanted]);
  return new Map([...entries].filter(([name]) => wanted.has(name)));
}

/** What a commit holds at some paths, with the directories above them, or all of it where there are none; in git's order. */
export async function listTree(root: string, commit: string, paths: string[] = []): Promise<Map<string, TreeEntry>> {
  const which = paths.length > 0 ? [commit, "--", ...paths] : ["-r", commit];
  const printed = await git(["ls-tree", "-t", "-z", "--full-tree", ...which], { cwd: root });
  const lines = printed.split("\0").slice(0, -1);
  return new Map(
    lines.map((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", type = "", hash = ""] = line.slice(0, tab).split(" ");
      return [line.slice(tab + 1), { mode, type, hash }];
    }),
  );
}

/**
 * Git's hash of an image's content: of one directory, its tree's. Of several paths, or of a file, that which
 * `git ls-tree -z --full-tree HEAD -- PATHS | git hash-object --stdin` prints. Undefined if HEAD lacks one of them that must be there.
 */
export function treeOf(
  { paths }: Pick<Located, "paths">,
  entries: Map<string, TreeEntry>,
  repository: Repository,
): string | undefined {
  const [only = ""] = paths;
  if (paths.length === 1 && (only === "" || entries.get(only)?.type === "tree")) {
    return only === "" ? repository.headTree : entries.get(only)?.hash;
  }
  if (!paths.every((path) => entries.has(path) || mayLack(path, paths))) {
    return undefined;
  }
  // In the order in which git printed them, which is not that of the names alone.
  const covered = new Set(paths);
  const listed = [...entries].filter(([path]) => covered.has(path));
  const content = Buffer.from(
    listed.map(([path, { mode, type, hash }]) => `${mode} ${type} ${hash}\t${path}\0`).join(""),
  );
  return createHash(repository.objectFormat).update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** What must hold for each image: its commit has the same content as HEAD. */
export async function assertSameContent(
  root: string,
  images: { located: Located; commit: Commit | undefined; headTree: string }[],
  entries: Map<string, TreeEntry>,
): Promise<void> {
  const checks = images.flatMap(({ located, commit, headTree }) =>
    commit === undefined
      ? []
      : located.paths
          .filter((path) => path === "" || entries.has(path))
          .map((path) => ({
            path,
            commit: commit.hash,
            expected: path === "" ? headTree : entries.get(path)?.hash,
          })),
  );
  if (checks.length === 0) {
    return;
  }
  const names = checks.map(({ commit, path }) => (path === "" ? `${commit}^{tree}` : `${commit}:${path}`));
  const found = (await git(["rev-parse", "--end-of-options", ...names], { cwd: root })).split("\n");
  // Older versions of git print the option itself.
  const hashes = found.filter((line) => line !== "--end-of-options");
  checks.forEach(({ commit, path, expected }, index) => {
    if (hashes[index] !== expected) {
      throw new VersionedImageError(
        "GitFailed",
        `According to git, commit ${commit} was the last to touch ${path || root}, but HEAD has different content there ` +
          `(${hashes[index]}, not ${expected}). Run git fsck. If it finds nothing, please report this.`,
      );
    }
  });
}
