import { VersionedImageError } from "../errors";
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
}

/** The commit that a name leads to: a branch, a tag, a hash, or HEAD; undefined if it leads to none. Throws GitFailed. */
export async function findCommit({ root }: Repository, name: string): Promise<string | undefined> {
  // Neither a line break nor git's own words can be in a name.
  if (name === "" || /[\s\0]/.test(name)) {
    return undefined;
  }
  const answer = await git(["cat-file", "--batch-check=%(objectname)"], { cwd: root, input: `${name}^{commit}\n` });
  return /^[0-9a-f]+\n$/.test(answer) ? answer.trim() : undefined;
}

/** Those of the commits to which neither HEAD nor any ref of this clone leads. All must be in the clone. Throws GitFailed. */
export async function unreachable({ root }: Repository, commits: string[]): Promise<Set<string>> {
  if (commits.length === 0) {
    return new Set();
  }
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
}

/** The newest commit of HEAD's history whose hash begins with one of these digits, and those. Throws GitFailed. */
export async function newestNamed({ root }: Repository, digits: string[]): Promise<string | undefined> {
  const named = new Set(digits);
  const lengths = [...new Set(digits.map(({ length }) => length))];
  if (lengths.length === 0) {
    return undefined;
  }
  const printed = await git(["rev-list", "HEAD"], { cwd: root });
  for (const hash of printed.split("\n")) {
    const length = lengths.find((each) => named.has(hash.slice(0, each)));
    if (length !== undefined) {
      return hash.slice(0, length);
    }
  }
  return undefined;
}

/**
 * The repository as a commit, tag or branch has it. Throws RevisionNotFound if this clone has no such commit, and what git throws.
 */
export async function atRevision(repository: Repository, revision: string): Promise<Repository> {
  const commit = await findCommit(repository, revision);
  if (commit === undefined) {
    throw new VersionedImageError(
      "RevisionNotFound",
      `revision is ${JSON.stringify(revision)}, but the clone ${repository.root} has no such commit. Check the name. ` +
        "If it is correct, fetch it: `git fetch --tags origin`, in a shallow clone with --unshallow.",
    );
  }
  const tree = await git(["rev-parse", `${commit}^{tree}`], { cwd: repository.root });
  return { ...repository, head: commit, headTree: tree.trim() };
}

/** The remotes of a clone, by their names. Throws GitFailed. */
export async function listRemotes({ root }: Repository): Promise<string[]> {
  const printed = await git(["remote"], { cwd: root });
  return printed.split("\n").filter((name) => name !== "");
}

/**
 * The branches and tags that a remote has now, as a clone of all of it names them. What they lead to need not be in the clone, nor
 * be a commit. Throws GitFailed, GitTimeout.
 */
export async function listRemoteRefs({ root }: Repository, remote: string): Promise<Ref[]> {
  const printed = await git(["ls-remote", "--heads", "--tags", "--", remote], { cwd: root });
  const found = new Map<string, string>();
  for (const line of printed.split("\n")) {
    const [hash = "", name = ""] = line.split("\t");
    // Of a tag that is an object of its own, git prints after it what it is of.
    found.set(name.replace(/\^\{\}$/, ""), hash);
  }
  return [...found].flatMap(([name, commit]): Ref[] => {
    const [, kind, short] = /^refs\/(heads|tags)\/(.+)$/s.exec(name) ?? [];
    if (short === undefined) {
      return [];
    }
    return [
      kind === "tags"
        ? { name: short, kind: "tag", commit }
        : { name: `${remote}/${short}`, kind: "remote branch", commit },
    ];
  });
}

/** Those of the objects that this clone has and that are no commits. A partial clone is not made to fetch. Throws GitFailed. */
export async function hasAny({ root }: Repository, hashes: string[]): Promise<Set<string>> {
  const printed = await git(["cat-file", "--batch-check=%(objectname) %(objecttype)"], {
    cwd: root,
    input: hashes.map((hash) => `${hash}\n`).join(""),
    env: { GIT_NO_LAZY_FETCH: "1" },
  });
  return new Set(printed.split("\n").flatMap((line) => /^([0-9a-f]+) (?:tree|blob)$/.exec(line)?.[1] ?? []));
}

/** All branches and tags of a remote, also into a clone that was made of one alone, or of the last commits. */
function fetchArguments(remote: string, shallow: boolean): string[] {
  const depth = shallow ? ["--unshallow"] : [];
  return ["fetch", ...depth, "--tags", "--force", remote, `+refs/heads/*:refs/remotes/${remote}/*`];
}

/** The command that gets all branches and tags of a remote, for a shell. */
export function fetchWords(remote: string, shallow: boolean): string {
  return `git ${fetchArguments(remote, shallow)
    .map((word) => (word.includes("*") ? `'${word}'` : word))
    .join(" ")}`;
}

/** Gets all branches and tags of a remote, which changes nothing but what the clone has of it. Throws GitFailed, GitTimeout. */
export async function fetchRefs({ root }: Repository, remote: string, shallow: boolean): Promise<void> {
  await git(fetchArguments(remote, shallow), { cwd: root, purpose: "files" });
}
