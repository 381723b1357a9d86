import * as path from "node:path";
import { VersionedImageError } from "../errors";
import type { Commit } from "../version";
import { describeCommits } from "./commits";
import { git } from "./git";
import { findSource, type ImageSource, type Located, leadsOut, locate } from "./locate";
import { findContext, findPath, findRepository, type Repository, readShallow } from "./repository";
import { listTree, type TreeEntry, treeOf } from "./trees";

export { treesAt, treesWithin } from "./contentAt";
export { ignoreFileOf } from "./ignoreFile";
export { dockerfileFromRoot, type Located } from "./locate";
export {
  fetchRefs,
  fetchWords,
  findCommit,
  hasAny,
  listRefs,
  listRemoteRefs,
  listRemotes,
  newestNamed,
  type Ref,
  unreachable,
} from "./refs";
export { readRemote } from "./remote";

/** A repository on this machine, in which commits are looked up. */
export interface History extends Repository {
  /** The commits at which a shallow clone's history ends; none in a full clone. */
  shallow: Set<string>;
}

/** All that a commit holds, by paths relative to the repository's root ("" is the root itself), in git's order. */
export type Content = Map<string, TreeEntry>;

/**
 * Opens the repository that a directory is in, which need not be on disk if HEAD, or what `revision` names, has it. Throws ContextNotFound, NotARepository, BareRepository, NoCommitYet,
 * DubiousOwnership, GitNotFound, or GitFailed with git's own words.
 */
export async function openHistory(directory: string, revision?: string): Promise<History> {
  const repository = await findRepository(await findContext(directory, "context", revision));
  return { ...repository, shallow: await readShallow(repository) };
}

/**
 * Those of the commits that this clone has, by their full hashes; whatever is no full hash is not among the answers. A
 * partial clone is not made to fetch. Throws GitFailed.
 */
export async function lookUpCommits({ root }: History, hashes: string[]): Promise<Map<string, Commit>> {
  const asked = [...new Set(hashes)].filter(isFullHash);
  if (asked.length === 0) {
    return new Map();
  }
  // Without --missing, git asks the remote of a partial clone for what it doesn't have. HEAD is there, so that
  // something is printed.
  const printed = await git(["rev-list", "--no-walk", "--missing=allow-any", "--ignore-missing", "--stdin"], {
    cwd: root,
    input: `${["HEAD", ...asked].join("\n")}\n`,
  });
  // Of an annotated tag git prints the commit, which is not what was asked for.
  const found = new Set(printed.split("\n"));
  return describeCommits(
    root,
    asked.filter((hash) => found.has(hash)),
  );
}

/** All that a commit of this clone holds. Throws GitFailed. */
export async function readContent({ root }: History, commit: string): Promise<Content> {
  const [whole, entries] = await Promise.all([
    git(["rev-parse", `${commit}^{tree}`], { cwd: root }),
    listTree(root, commit),
  ]);
  return new Map([["", { mode: "040000", type: "tree", hash: whole.trim() }], ...entries]);
}

/** The tree of an image's paths, as the version has it, in what a commit holds; undefined if that lacks one of them. */
export function treeIn(history: History, content: Content, located: Pick<Located, "paths">): string | undefined {
  return treeOf(located, content, { ...history, headTree: content.get("")?.hash ?? "" });
}

/** The commit that last touched the paths, as seen from a commit of this clone. Throws GitFailed. */
export async function lastCommitAt({ root }: History, commit: string, paths: string[]): Promise<string | undefined> {
  const limit = paths.includes("") ? [] : paths;
  const printed = await git(["rev-list", "-n", "1", commit, "--", ...limit], { cwd: root });
  return printed.trim() || undefined;
}

/** Puts an image's paths in terms of the repository. Throws ContextNotFound, OutsideRepository, InvalidArgument and the like. */
export async function locateImage(history: History, source: ImageSource): Promise<Located> {
  const found = await findSource(source);
  fromRoot(history, found.context, source.context);
  return locate(source, found, history);
}

/**
 * Puts a file or directory, which is named relative to the working directory, in terms of the repository, whose root is ".". Throws
 * ContextNotFound, which names `argument`, or OutsideRepository.
 */
export async function locatePath(
  history: History,
  place: string,
  argument: string,
  revision: string | undefined,
): Promise<string> {
  return fromRoot(history, await findPath(place, argument, revision), place) || ".";
}

function fromRoot({ root }: History, found: string, named: string): string {
  const relative = path.relative(root, found);
  if (leadsOut(relative)) {
    throw new VersionedImageError(
      "OutsideRepository",
      `${named} is not in the repository ${root}. Name a directory in it.`,
    );
  }
  return relative;
}

function isFullHash(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
