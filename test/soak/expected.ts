import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { GIT_ENV, type Repo } from "../support/repo";
import { type Files, filesIn } from "./image";
import type { MonorepoImage } from "./monorepo";

/** The last commit that touched an image, as git's own log has it. */
export function lastCommit(repository: Repo, { covers }: MonorepoImage, from = "HEAD"): string {
  return repository.git("log", "-n", "1", "--format=%H", from, "--", ...covers);
}

/** Git's hash of what an image is made of. */
export function treeOf(repository: Repo, { covers }: MonorepoImage, commit: string): string {
  const [only, ...others] = covers;
  if (others.length === 0) {
    return repository.git("rev-parse", `${commit}:${only}`);
  }
  const listed = raw(repository, ["ls-tree", "-z", "--full-tree", commit, "--", ...covers]);
  return raw(repository, ["hash-object", "--stdin"], listed).trim();
}

/** What an image of a commit must hold. */
export function filesAt(repository: Repo, { holds }: MonorepoImage, commit: string): Files {
  return Object.fromEntries(
    Object.entries(holds).flatMap(([to, from]) =>
      repository
        .git("ls-tree", "-r", commit, "--", from)
        .split("\n")
        .map((line) => {
          const [, mode, hash, name] = /^100(\d+) blob (\S+)\t(.*)$/.exec(line) ?? [];
          const content = raw(repository, ["cat-file", "blob", String(hash)]);
          return [path.join(to, path.relative(from, String(name))), `${mode} ${content}`];
        }),
    ),
  );
}

/** What an image of a directory as it is on disk must hold. */
export function filesOnDisk(repository: Repo, { holds }: MonorepoImage): Files {
  return Object.fromEntries(
    Object.entries(holds).flatMap(([to, from]) =>
      Object.entries(filesIn(repository.directory, [from])).map(([name, content]) => [
        path.join(to, path.relative(from, name)),
        content,
      ]),
    ),
  );
}

/** What git prints, to the last byte. */
function raw({ directory }: Repo, args: string[], input?: string): string {
  return execFileSync("git", args, { cwd: directory, env: GIT_ENV, encoding: "utf8", input });
}
