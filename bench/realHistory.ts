import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { lastCommits } from "../components/git/history";
import { hashes } from "../test/support/hashes";
import { interleaved, type Row } from "./row";

export interface RealHistory {
  /** The root of a repository on this machine. */
  root: string;
  /** How many of its directories are asked for, evenly spread. Default: 200. */
  directories?: number;
  progress?: (line: string) => void;
}

const ROUNDS = 3;

/** Last commits of directories of a real history, against the shell's loop of `git log` and, where git has it, `git last-modified`. */
export async function realHistoryRows({ root, directories = 200, progress = () => {} }: RealHistory): Promise<Row[]> {
  const all = (await git(root, "ls-tree", "-r", "-d", "--name-only", "-z", "HEAD")).split("\0").filter(Boolean);
  const step = Math.max(1, all.length / directories);
  const asked = all.filter((_, number) => Math.floor(number / step) !== Math.floor((number - 1) / step));
  const commits = (await git(root, "rev-list", "--count", "HEAD")).trim();
  const name = `${asked.length} of ${all.length} directories, ${Number(commits).toLocaleString("en")} commits`;
  progress(`asking for ${name}`);

  const truth: string[] = [];
  for (const directory of asked) {
    truth.push((await git(root, "log", "-n", "1", "--format=%H", "--", directory)).trim());
  }
  const found = hashes(
    await lastCommits(
      root,
      asked.map((directory) => [directory]),
    ),
  );
  const wrong = asked.filter((_, number) => found[number] !== truth[number]);
  progress(
    `${wrong.length} of ${asked.length} answers are not git's${wrong.length > 0 ? `: ${wrong.join(", ")}` : ""}`,
  );

  const loop = 'for d in "$@"; do git log -n 1 --format=%H -- "$d" || exit 1; done';
  const ways: [name: string, way: () => Promise<unknown>][] = [
    ["shell loop of git log", () => run("sh", ["-c", loop, "sh", ...asked], { cwd: root, maxBuffer: 2 ** 26 })],
  ];
  if (await hasLastModified(root)) {
    ways.push(["git last-modified", () => git(root, "last-modified", "HEAD", "--", ...asked)]);
  }
  const [ours = 0, ...others] = await interleaved(ROUNDS, [
    () =>
      lastCommits(
        root,
        asked.map((directory) => [directory]),
      ),
    ...ways.map(([, way]) => way),
  ]);
  return [
    { name: `${name}: answers that are not git's`, ratio: wrong.length, target: "0", met: wrong.length === 0 },
    ...ways.map(([what], index) => {
      const ratio = (others[index] as number) / ours;
      return { name: `${name}: ${what} / last commits`, ratio, target: ">= 1", met: ratio >= 1 };
    }),
  ];
}

/** Git has it from 2.52 on. */
async function hasLastModified(root: string): Promise<boolean> {
  try {
    await git(root, "last-modified", "HEAD", "--max-depth=0");
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);

async function git(root: string, ...args: string[]): Promise<string> {
  return (await run("git", args, { cwd: root, maxBuffer: 2 ** 28 })).stdout;
}
