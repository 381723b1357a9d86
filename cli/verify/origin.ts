import type { ImageSource } from "../../components/git";
import {
  type History,
  lastCommitAt,
  locateImage,
  lookUpCommits,
  readContent,
  treeIn,
} from "../../components/git/lookup";
import type { Commit } from "../../components/version";
import { labelIn, REVISION_LABEL, TREE_LABEL } from "../../components/version";

/** What git knows of the commit and the tree that an image says it was built from. */
export interface Origin {
  /** The commit, if this clone has it. */
  commit: Commit | undefined;
  /** Whether this clone lacks history. */
  shallow: boolean;
  /** What the image may have been built from. Empty if its commit or its tree can't be looked up. */
  candidates: Candidate[];
  /** Whether a directory was named; else the candidates are those whose tree the image has. */
  named: boolean;
}

/** Paths of one image, as its commit holds them. */
export interface Candidate {
  /** Relative to the repository's root. */
  paths: string[];
  /** Undefined if the commit lacks one of them. */
  tree: string | undefined;
  /** The commit that last touched them, as seen from the image's own; undefined if none did, or if it was not asked. */
  touched: string | undefined;
  /** Whether a shallow clone's history ends there, so that the true one may be older. */
  atBoundary: boolean;
}

/** Looks up where an image says that it is from. */
export async function readOrigin(
  history: History,
  labels: Record<string, string>,
  source: ImageSource | undefined,
): Promise<Origin> {
  const revision = labelIn(labels, REVISION_LABEL);
  const located = source && (await locateImage(history, source));
  const commit = revision === undefined ? undefined : (await lookUpCommits(history, [revision])).get(revision);
  const tree = labelIn(labels, TREE_LABEL);
  const origin = { commit, shallow: history.shallow.size > 0, candidates: [], named: source !== undefined };
  if (!commit || tree === undefined) {
    return origin;
  }
  const content = await readContent(history, commit.hash);
  const found = located
    ? [{ paths: located.paths, tree: treeIn(history, content, located) }]
    : [...content]
        .filter(([, entry]) => entry.type === "tree" && entry.hash === tree)
        .map(([path]) => ({ paths: [path], tree }));
  return { ...origin, candidates: await withHistory(history, commit.hash, found) };
}

/** Finds who last touched the candidates, one after the other until it is the commit itself. */
async function withHistory(
  history: History,
  commit: string,
  found: Pick<Candidate, "paths" | "tree">[],
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  let settled = false;
  for (const { paths, tree } of found) {
    const touched: string | undefined = settled ? undefined : await lastCommitAt(history, commit, paths);
    const atBoundary: boolean = touched !== undefined && history.shallow.has(touched);
    candidates.push({ paths, tree, touched, atBoundary });
    settled = settled || (touched === commit && !atBoundary);
  }
  return candidates;
}
