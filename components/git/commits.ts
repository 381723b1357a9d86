import type { Commit } from "../version";
import { git } from "./git";

/** How `git rev-list` is told to print what describes a commit. */
export const COMMIT_FORMAT = "--format=%H%x00%ct%x00%an%x00%s";

/** Describes commits by their full hashes, in one call. */
export async function describeCommits(root: string, hashes: string[]): Promise<Map<string, Commit>> {
  if (hashes.length === 0) {
    return new Map();
  }
  const printed = await git(["rev-list", "--no-walk", COMMIT_FORMAT, "--stdin"], {
    cwd: root,
    input: `${hashes.join("\n")}\n`,
  });
  return new Map(commitsIn(printed).map((commit) => [commit.hash, commit]));
}

/** The last second of the last year that RFC 3339 can write. */
const LAST_SECOND = 253_402_300_799;

/** Git's times may lie beyond what labels and files can hold: then the last that these can. */
function timeOf(seconds: number): Date {
  return new Date(Math.min(seconds, LAST_SECOND) * 1000);
}

/** The commits that `git rev-list` prints in that format. */
export function commitsIn(printed: string): Commit[] {
  return (
    printed
      .slice(0, -1)
      .split("\n")
      // Git puts a line of its own before each.
      .filter((line) => line !== "" && !line.startsWith("commit "))
      .map((line) => {
        const [hash = "", seconds = "", author = "", subject = ""] = line.split("\0");
        return { hash, subject, author, committedAt: timeOf(Number(seconds)) };
      })
  );
}
