import { explain } from "./explain";
import { git } from "./git";
import type { Repository } from "./repository";

/** A branch or tag of a clone. */
export interface Ref {
  /** Without refs/heads/, refs/tags/ or refs/remotes/. */
  name: string;
  kind: "branch" | "remote branch" | "tag";
  /** The commit that it leads to. */
  commit: string;
}

const KINDS: [prefix: string, kind: Ref["kind"]][] = [
  ["refs/heads/", "branch"],
  ["refs/remotes/", "remote branch"],
  ["refs/tags/", "tag"],
];

/** The branches, those of remotes included, and tags of a clone; tags of what is no commit are left out. Throws GitFailed. */
export async function listRefs({ root }: Repository): Promise<Ref[]> {
  try {
    const printed = await git(["for-each-ref", "--format=%(refname)", ...KINDS.map(([prefix]) => prefix)], {
      cwd: root,
    });
    const names = printed.split("\n").filter((name) => name !== "");
    if (names.length === 0) {
      return [];
    }
    // A tag can be of a tag, however often; this leads to the commit.
    const answers = await git(["cat-file", "--batch-check=%(objectname)"], {
      cwd: root,
      input: names.map((name) => `${name}^{commit}\n`).join(""),
    });
    const commits = answers.split("\n");
    return names.flatMap((name, index) => {
      const [prefix, kind] = KINDS.find(([start]) => name.startsWith(start)) ?? [];
      const commit = commits[index] ?? "";
      return prefix !== undefined && kind && /^[0-9a-f]+$/.test(commit)
        ? [{ name: name.slice(prefix.length), kind, commit }]
        : [];
    });
  } catch (error) {
    throw explain(error, root);
  }
}

/** The commit that a name leads to: a branch, a tag, a hash, or HEAD; undefined if it leads to none. Throws GitFailed. */
export async function findCommit({ root }: Repository, name: string): Promise<string | undefined> {
  // Neither a line break nor git's own words can be in a name.
  if (name === "" || /[\s\0]/.test(name)) {
    return undefined;
  }
  try {
    const answer = await git(["cat-file", "--batch-check=%(objectname)"], { cwd: root, input: `${name}^{commit}\n` });
    return /^[0-9a-f]+\n$/.test(answer) ? answer.trim() : undefined;
  } catch (error) {
    throw explain(error, root);
  }
}

/** Those of the commits to which neither HEAD nor any ref of this clone leads. All must be in the clone. Throws GitFailed. */
export async function unreachable({ root }: Repository, commits: string[]): Promise<Set<string>> {
  if (commits.length === 0) {
    return new Set();
  }
  try {
    // Git of years ago reads no --all there; a tag can be of what is no commit.
    const refs = await git(["for-each-ref", "--format=%(objecttype) %(*objecttype) %(objectname)"], { cwd: root });
    const tips = refs.split("\n").flatMap((line) => {
      const [type, inner, hash] = line.split(" ");
      return type === "commit" || inner === "commit" ? [`^${hash}`] : [];
    });
    const printed = await git(["rev-list", "--stdin"], {
      cwd: root,
      input: `${[...commits, "^HEAD", ...tips].join("\n")}\n`,
    });
    const found = new Set(printed.split("\n"));
    return new Set(commits.filter((commit) => found.has(commit)));
  } catch (error) {
    throw explain(error, root);
  }
}
