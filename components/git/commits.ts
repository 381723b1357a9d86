import type { Commit } from "../version";
import { git } from "./git";

/** Describes commits by their full hashes, in one call. */
export async function describeCommits(root: string, hashes: string[]): Promise<Map<string, Commit>> {
  if (hashes.length === 0) {
    return new Map();
  }
  const printed = await git(["rev-list", "--no-walk", "--format=%H%x00%ct%x00%an%x00%s", "--stdin"], {
    cwd: root,
    input: `${hashes.join("\n")}\n`,
  });
  const commits = printed
    .slice(0, -1)
    .split("\n")
    // Git puts a line of its own before each.
    .filter((line) => !line.startsWith("commit "))
    .map((line) => {
      const [hash = "", seconds = "", author = "", subject = ""] = line.split("\0");
      return [hash, { hash, subject, author, committedAt: new Date(Number(seconds) * 1000) }] as const;
    });
  return new Map(commits);
}
