import { createHash } from "node:crypto";
import { VersionedImageError } from "../errors";
import type { Commit } from "../version";
import { git } from "./git";
import { mayLack } from "./ignoreFile";
import type { Located } from "./locate";
import type { Repository } from "./repository";

/** What HEAD holds at a path, as `git ls-tree` prints it. */
export interface TreeEntry {
  mode: string;
  type: string;
  hash: string;
}

/** What a repository's head holds at each of these paths; the root is not among the answers. */
export async function readTree({ root, head }: Repository, paths: string[]): Promise<Map<string, TreeEntry>> {
  const wanted = new Set(paths.filter((path) => path !== ""));
  if (wanted.size === 0) {
    return new Map();
  }
  const printed = await git(["ls-tree", "-t", "-z", "--full-tree", head, "--", ...wanted], { cwd: root });
  const entries = new Map<string, TreeEntry>();
  for (const line of printed.split("\0")) {
    const tab = line.indexOf("\t");
    const [mode = "", type = "", hash = ""] = line.slice(0, tab).split(" ");
    const name = line.slice(tab + 1);
    if (wanted.has(name)) {
      entries.set(name, { mode, type, hash });
    }
  }
  return entries;
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
        `Git says that commit ${commit} was the last to touch ${path || root}, but it has other content than HEAD there ` +
          `(${hashes[index]}, not ${expected}). Run git fsck; if it finds nothing, please report this.`,
      );
    }
  });
}
