import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

export interface Shape {
  commits: number;
  directories: number;
  /** Linear, or with a branch of a few commits merged again and again. */
  merges: boolean;
}

export interface BenchRepository {
  root: string;
  directories: string[];
  dispose(): void;
}

/** Of the commits on a merging main line, one in so many merges a branch. */
const MERGE_EVERY = 4;
const BRANCH_LENGTH = 3;

/**
 * A repository with image directories, checked out. Every other commit touches one of them, the rest other files. When each
 * directory was touched last is spread over all of history, with more of them lately: a quarter of the directories in the
 * last sixteenth, half in the last quarter. The same for the same shape.
 */
export function benchRepository(shape: Shape): BenchRepository {
  const root = mkdtempSync(path.join(tmpdir(), "bench-git-"));
  const directories = Array.from({ length: shape.directories }, (_, number) => `images/image-${number}`);
  const git = (args: string[], input?: string) =>
    execFileSync("git", args, { cwd: root, input, maxBuffer: 2 ** 26, stdio: ["pipe", "ignore", "inherit"] });
  git(["init", "--quiet", "--initial-branch=main", "."]);
  git(["fast-import", "--quiet"], history(shape, directories));
  git(["reset", "--quiet", "--hard", "main"]);
  return { root, directories, dispose: () => rmSync(root, { recursive: true, force: true }) };
}

function history({ commits, merges }: Shape, directories: string[]): string {
  const lines: string[] = [];
  const touched = touchedFiles(commits, directories);
  const write = (file: string, data: string) => lines.push(`M 100644 inline ${file}`, `data ${data.length}`, data);
  const commit = (number: number, branch: string, parents: string[], files: [string, string][]) => {
    lines.push(`commit refs/heads/${branch}`, `mark :${number + 1}`);
    lines.push(`committer A <a@example.com> ${1_500_000_000 + number * 600} +0000`, "data 0");
    lines.push(...parents.map((parent, order) => `${order === 0 ? "from" : "merge"} ${parent}`));
    for (const [file, data] of files) {
      write(file, data);
    }
    lines.push("");
  };
  const mark = (number: number) => `:${number + 1}`;

  const first = [...directories.flatMap((directory) => [`${directory}/Dockerfile`, `${directory}/src/main`])];
  commit(
    0,
    "main",
    [],
    [...first, "README", ...OTHERS].map((file) => [file, "0"]),
  );
  let tip = 0;
  let number = 1;
  const single = (branch: string, parent: number): [string, string][] => {
    const files: [string, string][] = [[touched(number), String(number)]];
    commit(number, branch, [mark(parent)], files);
    return files;
  };
  for (let turn = 0; number < commits; turn++) {
    if (merges && turn % MERGE_EVERY === 0 && number + BRANCH_LENGTH + 1 < commits) {
      const fork = tip;
      let side = fork;
      const files: [string, string][] = [];
      for (let count = 0; count < BRANCH_LENGTH; count++) {
        files.push(...single("side", side));
        side = number++;
      }
      single("main", tip);
      tip = number++;
      if (number < commits) {
        commit(number, "main", [mark(tip), mark(side)], files);
        tip = number++;
      }
    } else {
      single("main", tip);
      tip = number++;
    }
  }
  lines.push("reset refs/heads/main", `from ${mark(tip)}`, "");
  return lines.join("\n");
}

const OTHERS = Array.from({ length: 50 }, (_, number) => `source/part-${number % 10}/file-${number}`);

/** Which file a commit touches, by its number. */
function touchedFiles(commits: number, directories: string[]): (number: number) => string {
  const lastAt = new Map<number, string>();
  const order = [...directories.keys()].sort((one, other) => scatter(one) - scatter(other));
  order.forEach((directory, rank) => {
    let at = commits - 2 - Math.floor((commits - 2) * (rank / directories.length) ** 2);
    while (at > 1 && lastAt.has(at)) {
      at--;
    }
    lastAt.set(at, directories[directory] as string);
  });
  const end = new Map([...lastAt].map(([at, directory]) => [directory, at]));
  return (number) => {
    const last = lastAt.get(number);
    if (last) {
      return `${last}/src/main`;
    }
    const directory = directories[scatter(number) % directories.length] as string;
    return number % 2 === 0 && (end.get(directory) ?? 0) > number
      ? `${directory}/src/main`
      : (OTHERS[scatter(number) % OTHERS.length] as string);
  };
}

/** A number that looks random and depends on another alone. */
function scatter(number: number): number {
  return (Math.imul(number + 1, 0x9e3779b1) >>> 8) & 0xffff;
}
