import type { Changes, Commit } from "../../components/version";

/** A namespace of a cluster. */
export interface Place {
  cluster: string;
  namespace: string;
}

/** An image that runs in a place. */
export interface RunningImage {
  place: Place;
  repository: string;
  digest: string;
  /** The tag by which the pods name it; else what the image itself says. */
  tag: string | undefined;
  revision: string | undefined;
  /** The commit that it was built from, if this clone has it. */
  commit: Commit | undefined;
  /** How many commits that touch the image the newest version has and it lacks, and the other way; undefined if that can't be told. */
  behind: number | undefined;
  ahead: number | undefined;
  /** Since when the first of its pods has run. */
  since: Date | undefined;
  debug: boolean;
  /** Whether what it says of its origin agrees with git. */
  consistent: boolean;
  /** Why it is not consistent; empty if it is. */
  why: string;
  /** The Deployments that it runs for, and the pods that none has made. */
  workloads: string[];
  pods: string[];
  /** Those of pods that are being deleted, which run still. */
  terminating: string[];
  /** Those whose Deployment names another image by now. */
  differing: string[];
}

/** An image of the repository, with where it runs. */
export interface ImageStatus {
  context: string;
  /** The commit of its newest version, as HEAD or the branch has it. */
  newest: Commit | undefined;
  /** From the newest of all that run, or that one if it is newer, to the oldest that runs; none if it was never committed. */
  versions: Commit[];
  running: RunningImage[];
}

/** What `status` shows. */
export interface StatusReport {
  root: string;
  /** What the versions were compared with. */
  branch: string;
  places: Place[];
  images: ImageStatus[];
  /** What runs and is none of these images, or could not be looked at. */
  others: OtherImage[];
}

/** What runs and can't be shown to be one of the images. */
export interface OtherImage {
  place: Place;
  image: string;
  why: string;
  pods: string[];
  /** Those of pods that are being deleted, which run still. */
  terminating: string[];
  /** Whether it is, or may be, of a repository of these images, so that the answer is no. */
  suspect: boolean;
}

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
