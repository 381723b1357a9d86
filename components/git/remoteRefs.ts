import { explain } from "./explain";
import { git } from "./git";
import type { Ref } from "./refs";
import type { Repository } from "./repository";

/** The remotes of a clone, by their names. Throws GitFailed. */
export async function listRemotes({ root }: Repository): Promise<string[]> {
  const printed = await run(root, ["remote"]);
  return printed.split("\n").filter((name) => name !== "");
}

/**
 * The branches and tags that a remote has now, as a clone of all of it names them. What they lead to need not be in the clone, nor
 * be a commit. Throws GitFailed, GitTimeout.
 */
export async function listRemoteRefs({ root }: Repository, remote: string): Promise<Ref[]> {
  const printed = await run(root, ["ls-remote", "--heads", "--tags", "--", remote]);
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
  const printed = await run(root, ["cat-file", "--batch-check=%(objectname) %(objecttype)"], {
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
  await run(root, fetchArguments(remote, shallow), { purpose: "files" });
}

async function run(root: string, args: string[], more: Partial<Parameters<typeof git>[1]> = {}): Promise<string> {
  try {
    return await git(args, { cwd: root, ...more });
  } catch (error) {
    throw explain(error, root);
  }
}
