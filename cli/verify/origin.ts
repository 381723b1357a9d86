import * as path from "node:path";
import type { ImageSource } from "../../components/git";
import {
  type Content,
  type History,
  type Located,
  lastCommitAt,
  locateImage,
  lookUpCommits,
  readContent,
  treeIn,
} from "../../components/git/lookup";
import {
  BUILD_LABEL,
  buildPart,
  type Commit,
  isWithin,
  type LabelledSource,
  labelIn,
  labelledSource,
  outermost,
  REVISION_LABEL,
  saysSource,
  TREE_LABEL,
} from "../../components/version";

/** What git knows of the commit and the tree that an image says it was built from. */
export interface Origin {
  /** The commit, if this clone has it. */
  commit: Commit | undefined;
  /** Whether this clone lacks history. */
  shallow: boolean;
  /** What the image may have been built from. Empty if its commit or its tree can't be looked up. */
  candidates: Candidate[];
  /** Whether options or its own labels named what it was made of; else the candidates are those whose tree the image has. */
  named: boolean;
  /** What its labels say that it was made of. "unread" is that they say what can't be, and count as not there. */
  labelled: LabelledSource | "unread" | undefined;
  /** What options say instead. */
  located: Located | undefined;
  /** Why the commit can't have what the labels say, beside its tree; undefined if it can, or if they do not count. */
  wrong: string | undefined;
  /** What the bases that the labels name cover, as the commit holds it, by their names; undefined if it lacks some of it. */
  baseTrees: Record<string, string | undefined>;
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

/**
 * Looks up where an image says that it is from. What its labels name is looked at, and is not more likely for that: the commit must
 * have the image's tree there. `source` are options, which count in place of the labels.
 */
export async function readOrigin(
  history: History,
  labels: Record<string, string>,
  source: ImageSource | undefined,
): Promise<Origin> {
  const revision = labelIn(labels, REVISION_LABEL);
  const located = source && (await locateImage(history, source));
  const commit = revision === undefined ? undefined : (await lookUpCommits(history, [revision])).get(revision);
  const tree = labelIn(labels, TREE_LABEL);
  const said = labelledSource(labels);
  const claim = located ?? said;
  const origin: Origin = {
    commit,
    shallow: history.shallow.size > 0,
    candidates: [],
    named: claim !== undefined,
    labelled: said ?? (saysSource(labels) ? "unread" : undefined),
    located,
    wrong: undefined,
    baseTrees: {},
  };
  if (!commit || tree === undefined) {
    return origin;
  }
  const content = await readContent(history, commit.hash);
  const treeOf = (paths: string[]) => treeIn(history, content, { paths });
  const found = claim
    ? [{ paths: claim.paths, tree: treeOf(claim.paths) }]
    : [...content]
        .filter(([, entry]) => entry.type === "tree" && entry.hash === tree)
        .map(([path]) => ({ paths: [path], tree }));
  const bases = Object.entries(said?.bases ?? {});
  return {
    ...origin,
    candidates: await withHistory(history, commit.hash, found, tree),
    wrong: said && !located ? whyWrong(said, content, labels) : undefined,
    baseTrees: Object.fromEntries(bases.map(([name, { covers }]) => [name, treeOf(outermost(covers))])),
  };
}

/** Why a commit can't have what labels say beside the tree. */
function whyWrong(
  { context, files, dockerfile }: LabelledSource,
  content: Content,
  labels: Record<string, string>,
): string | undefined {
  const built = buildPart(labelIn(labels, BUILD_LABEL), "dockerfile");
  if (content.get(context)?.type !== "tree") {
    return `that commit has no directory ${context}`;
  }
  if (content.get(dockerfile)?.type !== "blob" || !files.some((file) => isWithin(dockerfile, file))) {
    return `there is no Dockerfile ${dockerfile} among its files at that commit`;
  }
  return built === undefined || path.posix.join(context, built) === dockerfile
    ? undefined
    : `another label says that its Dockerfile is ${built} in ${context || "the repository"}`;
}

/** Finds who last touched the candidates, one after the other until it is the commit itself. */
async function withHistory(
  history: History,
  commit: string,
  found: Pick<Candidate, "paths" | "tree">[],
  wanted: string,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  let settled = false;
  for (const { paths, tree } of found) {
    // Of what is not what the image was made of, nobody asks.
    const asked: boolean = !settled && tree === wanted;
    const touched: string | undefined = asked ? await lastCommitAt(history, commit, paths) : undefined;
    const atBoundary: boolean = touched !== undefined && history.shallow.has(touched);
    candidates.push({ paths, tree, touched, atBoundary });
    settled = settled || (touched === commit && !atBoundary);
  }
  return candidates;
}
