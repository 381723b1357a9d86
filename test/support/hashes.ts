import type { Commit } from "../../components/version";

/** The hashes of commits that were asked for. */
export function hashes(commits: readonly (Commit | undefined)[]): (string | undefined)[] {
  return commits.map((commit) => commit?.hash);
}
