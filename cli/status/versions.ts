import type { Changes, Commit } from "../../components/version";

/** A version that runs, with the commits between it and the newest one. */
export interface Compared {
  commit: Commit;
  changes: Changes;
}

/** All versions from the newest, of what runs as well, to the oldest that runs: the newest first, by how many it lacks. */
export function versionsOf(newest: Commit | undefined, running: Compared[]): Commit[] {
  const found = new Map<string, { commit: Commit; behind: number }>();
  const put = (commit: Commit, behind: number) => {
    if (!found.has(commit.hash)) {
      found.set(commit.hash, { commit, behind });
    }
  };
  if (newest) {
    put(newest, 0);
  }
  for (const { commit, changes } of running) {
    const { added, removed } = changes;
    for (const [index, each] of added.entries()) {
      put(each, index);
    }
    // One that is behind as well is of another branch, whose commits are not on this line.
    for (const [index, each] of (added.length === 0 ? removed : []).entries()) {
      put(each, index - removed.length);
    }
    put(commit, added.length || -removed.length);
  }
  return [...found.values()].sort((one, other) => one.behind - other.behind).map(({ commit }) => commit);
}
