import { VersionedImageError } from "../../components/errors";
import {
  fetchRefs,
  fetchWords,
  type History,
  hasAny,
  listRemoteRefs,
  listRemotes,
  lookUpCommits,
  openHistory,
  type Ref,
} from "../../components/git/lookup";

/** A clone that has all commits of all branches and tags, and what these are. */
export interface WholeClone {
  history: History;
  /** The branches and tags of its remotes as they are now, which the clone may know as they were. */
  remoteRefs: Ref[];
}

/**
 * Opens a clone. One without a remote has all that there is; of any other, each branch and tag of its remotes must be in it, else
 * images that these need would seem to be needed by nothing. With `fetch` it is made so. Throws ShallowHistory, GitFailed.
 */
export async function openWholeClone(context: string, fetch: boolean): Promise<WholeClone> {
  const before = await openHistory(context);
  const remotes = await listRemotes(before);
  if (fetch) {
    for (const remote of remotes) {
      // The first one deepens it for all.
      const { shallow } = await openHistory(context);
      await fetchRefs(before, remote, shallow.size > 0);
    }
  }
  const history = fetch ? await openHistory(context) : before;
  const [first = "origin"] = remotes;
  if (history.shallow.size > 0) {
    throw lacking(history, "is shallow, so that it lacks commits and branches that need images", first);
  }
  const remoteRefs: Ref[] = [];
  for (const remote of remotes) {
    const refs = await remoteRefsOf(history, remote);
    const missing = await missingOf(history, refs);
    const [one, ...more] = missing;
    if (one) {
      const others = more.length > 0 ? ` (and ${more.length} more)` : "";
      throw lacking(
        history,
        `lacks what ${one.name}${others} of its remote ${remote} leads to, which may need images`,
        remote,
      );
    }
    remoteRefs.push(...refs);
  }
  return { history, remoteRefs };
}

function lacking({ root, shallow }: History, what: string, remote: string): VersionedImageError {
  return new VersionedImageError(
    "ShallowHistory",
    `The clone ${root} ${what}. Nothing is deleted by it; get all of it with \`${fetchWords(remote, shallow.size > 0)}\`, which --fetch does ` +
      "(in a CI checkout: `fetch-depth: 0`).",
  );
}

async function remoteRefsOf(history: History, remote: string): Promise<Ref[]> {
  try {
    return await listRemoteRefs(history, remote);
  } catch (error) {
    if (!(error instanceof VersionedImageError)) {
      throw error;
    }
    throw new VersionedImageError(
      error.code,
      `Which branches and tags the remote ${remote} has, and so which images they need, is not known: ${error.message}\nNothing is ` +
        `deleted before that is known; see that \`git ls-remote ${remote}\` works in ${history.root}, or remove the remote if it is gone.`,
      { cause: error },
    );
  }
}

async function missingOf(history: History, refs: Ref[]): Promise<Ref[]> {
  const commits = refs.map(({ commit }) => commit);
  const there = await lookUpCommits(history, commits);
  const others = commits.filter((commit) => !there.has(commit));
  // A tag can be of something else than a commit, which no image is built from.
  const known = others.length > 0 ? await hasAny(history, others) : new Set();
  return refs.filter(({ commit }) => !there.has(commit) && !known.has(commit));
}
