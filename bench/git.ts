import * as assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { readFacts } from "../components/git";
import { lastCommits } from "../components/git/history";
import { areAskedOneByOne, oneByOne } from "../components/git/history/lastCommits";
import { walk } from "../components/git/history/walk";
import { readStatus } from "../components/git/status";
import { TYPESCRIPT } from "../scripts/setup/paths";
import { which } from "../scripts/setup/run";
import { hashes } from "../test/support/hashes";
import { compile, versionedImage } from "./built";
import { type BenchRepository, benchRepository, type Shape } from "./gitRepository";
import { atMost, type Row } from "./row";

export interface GitBenchOptions {
  /** Lengths of history. Default: 100 and 20,000. */
  commits?: number[];
  /** Numbers of image directories. Default: 1, 10, 200 and 1,000. */
  directories?: number[];
  /** Told each row as soon as it is there, and where nothing is shown yet, what is being made. */
  progress?: (line: string) => void;
}

interface Setting extends Shape {
  filters: boolean;
}

/** Of more directories than these a loop is measured on a sample, and scaled. */
const LOOPED = 200;
const SAMPLE = 25;
/** Of so many images, what it costs is measured that each tenth is a base of the nine after it. */
const BASED = 200;
/** From so many directories on, memory is measured. */
const MANY = 1_000;
/** Below so many milliseconds two ways count as equally quick. */
const CLOSE = 15;

/** Ratios of git's part, medians of interleaved runs. Throws if an answer differs from that of `git log`. */
export async function gitRows(options: GitBenchOptions = {}): Promise<Row[]> {
  const { commits = [100, 20_000], directories = [1, 10, 200, 1_000], progress = () => {} } = options;
  const shapes = commits.flatMap((length) =>
    [false, true].flatMap((merges) => directories.map((count) => ({ commits: length, directories: count, merges }))),
  );
  const rows: Row[] = [];
  for (const shape of shapes) {
    progress(`making ${describe({ ...shape, filters: false })}`);
    const repository = benchRepository(shape);
    try {
      // With changed-path filters first: they make git's own answers quick to ask for.
      git(repository, "commit-graph", "write", "--reachable", "--changed-paths");
      const truth = await answersOfGit(repository, repository.directories);
      for (const filters of [true, false]) {
        if (!filters) {
          rmSync(path.join(repository.root, ".git/objects/info/commit-graph"));
        }
        for (const row of await rowsOf({ ...shape, filters }, repository, truth)) {
          progress(`${row.name}: ${row.ratio.toFixed(2)} (${row.target})`);
          rows.push(row);
        }
      }
    } finally {
      repository.dispose();
    }
  }
  return rows;
}

async function rowsOf(setting: Setting, repository: BenchRepository, truth: string[]): Promise<Row[]> {
  const { root, directories } = repository;
  const items = directories.map((directory) => [directory]);
  const few = areAskedOneByOne(items);
  const looped = sample(directories, directories.length > LOOPED ? SAMPLE : directories.length);
  const asked = sample(directories, few ? directories.length : SAMPLE);
  const right = new Map(directories.map((directory, number) => [directory, truth[number]]));
  const check = (answers: (string | undefined)[], of: string[]) =>
    assert.deepEqual(
      answers,
      of.map((directory) => right.get(directory)),
    );

  const [loop, both, chosen, other] = await medians(directories.length * setting.commits > 1e6 ? 3 : 7, [
    async () => check(await answersOfGit(repository, looped, "git status --porcelain -- "), looped),
    async () =>
      check(hashes((await Promise.all([lastCommits(root, items), readStatus(root, directories)]))[0]), directories),
    async () => check(hashes(await lastCommits(root, items)), directories),
    few
      ? async () => check(await walk(root, items, "HEAD"), directories)
      : async () =>
          check(hashes(await oneByOne(root, items.length > SAMPLE ? asked.map((one) => [one]) : items, "HEAD")), asked),
  ]);
  const scale = (part: string[]) => directories.length / part.length;
  const scaled = (part: string[]) => (part.length < directories.length ? ` (scaled from ${part.length})` : "");
  const name = describe(setting);
  const rows = [
    atLeast(
      loopTarget(setting),
      `${name}: shell loop of git log and git status${scaled(looped)} / last commits and status`,
      loop * scale(looped),
      both,
    ),
    atLeast(
      0.67,
      `${name}: ${few ? "walk" : `one by one${scaled(asked)}`} / ${few ? "one by one" : "walk"}, which the rule picks`,
      other * scale(asked),
      chosen,
      CLOSE,
    ),
  ];
  if (directories.length === 1) {
    rows.push(await factsRow(name, repository));
  }
  if (directories.length === BASED) {
    rows.push(await basesRow(name, repository), ...(await commandRow(name, repository)));
  }
  if (directories.length >= MANY) {
    rows.push(await memoryRow(name, repository));
  }
  return rows;
}

/** What this program, without the gits that it starts, needs for all images and for one of them. */
async function memoryRow(name: string, { root, directories }: BenchRepository): Promise<Row> {
  const program = path.join(__dirname, "programs/memory.ts");
  const peak = async (of: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT, program, root, ...of]);
    return Number(stdout);
  };
  const [all, one] = [await peak(directories), await peak(directories.slice(0, 1))];
  return atMost(2, `${name}: memory for all facts of all (${Math.round(all / 1e6)} MB) / of one`, all, one);
}

/** Design's target for one image: all its facts, against the two commands that a person would type. */
async function factsRow(name: string, repository: BenchRepository): Promise<Row> {
  const { root, directories } = repository;
  const [ours, shell] = await medians(15, [
    async () => void (await readFacts({ context: path.join(root, directories[0] as string) })),
    async () => void (await answersOfGit(repository, directories, "git status --porcelain -- ")),
  ]);
  return atMost(1.5, `${name}: all facts of the image / git log and git status`, ours, shell);
}

/** All facts of images on bases, as a program asks for them: what the bases cover must be known before the others are asked for. */
async function basesRow(name: string, { root, directories }: BenchRepository): Promise<Row> {
  const context = (directory: string) => path.join(root, directory);
  const [based, plain] = await medians(7, [
    async () => {
      const bases = directories.filter((_, number) => number % 10 === 0);
      await Promise.all(bases.map((directory) => readFacts({ context: context(directory) })));
      await Promise.all(
        directories.flatMap((directory, number) =>
          number % 10 === 0
            ? []
            : [readFacts({ context: context(directory), bases: { BASE: [bases[Math.floor(number / 10)] as string] } })],
        ),
      );
    },
    async () => void (await Promise.all(directories.map((directory) => readFacts({ context: context(directory) })))),
  ]);
  return atMost(2.5, `${name}: all facts, each tenth a base of the next nine / without bases`, based, plain);
}

/** The command line, as users start it, against Skaffold's, which asks for no history: it names HEAD's commit. Nothing where that is not on PATH. */
async function commandRow(name: string, { root, directories }: BenchRepository): Promise<Row[]> {
  const skaffold = which("skaffold");
  if (skaffold === undefined) {
    return [];
  }
  compile();
  const scratch = mkdtempSync(path.join(tmpdir(), "skaffold-"));
  try {
    const file = path.join(scratch, "skaffold.yaml");
    const artifacts = directories.map((context, number) => ({ image: `app-${number}`, context }));
    const tagPolicy = { gitCommit: { variant: "AbbrevCommitSha" } };
    const build = { artifacts, tagPolicy, local: { push: false } };
    writeFileSync(file, JSON.stringify({ apiVersion: "skaffold/v4beta11", kind: "Config", build }));
    const dryRun = ["build", "--dry-run", "--quiet", "--interactive=false", "--update-check=false", "--filename", file];
    const asked = { cwd: root, maxBuffer: 2 ** 26 };
    const [ours, theirs] = await medians(5, [
      async () => void (await versionedImage(["tag", ...directories], asked)),
      async () => void (await promisify(execFile)(skaffold, dryRun, asked)),
    ]);
    return [atMost(1, `${name}: versioned-image tag / skaffold build --dry-run`, ours, theirs)];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** How much quicker than the shell's loop it must be. */
function loopTarget({ commits, directories, filters }: Setting): number {
  if (directories >= 200 && commits >= 20_000) {
    return filters ? 3 : 20;
  }
  return directories === 1 ? 0.67 : 1;
}

function atLeast(target: number, name: string, slower: number, quicker: number, close = 0): Row {
  const ratio = slower / quicker;
  const met = ratio >= target || quicker - slower <= close;
  return { name, ratio, target: `>= ${target}${close > 0 ? `, or within ${close} ms` : ""}`, met };
}

/** The medians of several ways, in milliseconds, each run taking its turn with the others. */
async function medians<const Ways extends (() => Promise<void>)[]>(
  runs: number,
  ways: Ways,
): Promise<{ [Way in keyof Ways]: number }> {
  const times = ways.map(() => [] as number[]);
  for (let run = 0; run < runs; run++) {
    for (const [way, work] of ways.entries()) {
      const start = performance.now();
      await work();
      times[way]?.push(performance.now() - start);
    }
  }
  const median = (values: number[]) =>
    values.sort((one, other) => one - other)[Math.floor(values.length / 2)] as number;
  return times.map(median) as { [Way in keyof Ways]: number };
}

/** What a shell's loop of `git log` says of directories, with a further command for each, that must print nothing. */
async function answersOfGit({ root }: BenchRepository, directories: string[], further = ": "): Promise<string[]> {
  const script = `for d in "$@"; do git log -n 1 --format=%H -- "$d" && ${further} "$d" || exit 1; done`;
  const { stdout } = await promisify(execFile)("sh", ["-c", script, "sh", ...directories], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  return stdout.split("\n").slice(0, -1);
}

function git({ root }: BenchRepository, ...args: string[]): void {
  execFileSync("git", args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
}

/** So many of the values, evenly spread. */
function sample<T>(values: T[], size: number): T[] {
  const step = Math.max(1, values.length / size);
  return values.filter((_, number) => Math.floor(number / step) !== Math.floor((number - 1) / step));
}

function describe({ commits, directories, merges, filters }: Setting): string {
  const count = (number: number, what: string) => `${number.toLocaleString("en")} ${what}`;
  const of = directories === 1 ? "1 directory" : count(directories, "directories");
  const history = `${count(commits, "commits")}, ${merges ? "merge-heavy" : "linear"}`;
  return `${of}, ${history}${filters ? ", changed-path filters" : ""}`;
}
