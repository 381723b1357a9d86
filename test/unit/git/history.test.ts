import * as assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { lastCommits } from "../../../components/git/history";
import { type Pace, walk } from "../../../components/git/history/walk";
import { hashes } from "../../support/hashes";
import { LONG } from "../../support/long";
import { GIT_ENV, type Repo, repo } from "../../support/repo";
import { BLOBS, type RandomHistory, randomHistory, randomNumbers } from "./randomHistory";

const SEED = Number(process.env.HISTORY_SEED ?? 1);
const HISTORIES = Number(process.env.HISTORIES ?? (LONG ? 500 : 30));
/** So many histories are asked at once. */
const LANES = 3;
/** From asking for nothing ahead, so that items wait where others come by, to asking for more than there is. */
const PACES: Pace[] = [
  { lately: 0, smallBatch: 1, largeBatch: 1 },
  { lately: 2, smallBatch: 1, largeBatch: 4 },
  { lately: 10, smallBatch: 4, largeBatch: 512 },
];

describe(`last commits in ${HISTORIES} random histories (HISTORY_SEED=${SEED} HISTORIES=${HISTORIES})`, function () {
  this.timeout(600_000);
  const histories: RandomHistory[] = [];
  const truth: (string | undefined)[][] = [];
  let all: Repo;

  before(async () => {
    all = repo();
    const streams = [...BLOBS];
    for (let number = 0; number < HISTORIES; number++) {
      const history = randomHistory(SEED + number, 1_000 * (number + 1));
      histories.push(history);
      streams.push(history.stream);
    }
    await run(["git", "fast-import", "--quiet", "--force"], streams.join("\n"));
    await eachOf(histories, async ({ branch, items }, number) => {
      truth[number] = await answersOfGit(branch, items);
    });
  });

  after(() => all.dispose());

  it("has histories in which the answers differ from each other", () => {
    const answers = truth.flat();
    assert.equal(histories.length, HISTORIES);
    assert.ok(answers.filter((answer) => answer === undefined).length > HISTORIES);
    assert.ok(new Set(answers).size > 5 * HISTORIES);
  });

  it("walks to the commits that git log names", () =>
    eachOf(histories, async ({ branch, items }, number) => {
      check(number, items, await walk(all.directory, items, branch), truth[number]);
    }));

  it("walks to the same ones at any pace", () =>
    eachOf(histories, async ({ branch, items }, number) => {
      const pace = PACES[number % PACES.length];
      check(number, items, await walk(all.directory, items, branch, pace), truth[number]);
    }));

  it("names the same by its rule, for few items and for many", () =>
    eachOf(histories, async ({ branch, items }, number) => {
      const random = randomNumbers(SEED + number);
      const chosen = [...items.keys()].filter(() => random() < 0.1);
      const few = chosen.map((item) => items[item] as string[]);
      const expected = chosen.map((item) => truth[number]?.[item]);
      check(number, few, hashes(await lastCommits(all.directory, few, branch)), expected);
    }));

  it("names the same from HEAD, with changed-path filters too", async () => {
    all.git("commit-graph", "write", "--reachable", "--changed-paths");
    for (let number = 0; number < histories.length; number += 25) {
      const { branch, items } = histories[number] as RandomHistory;
      all.git("symbolic-ref", "HEAD", branch);
      check(number, items, await walk(all.directory, items, "HEAD"), truth[number]);
      const single = items.slice(0, 20);
      check(number, single, hashes(await lastCommits(all.directory, single)), truth[number]?.slice(0, 20));
    }
  });

  /** What `git log` names for each item, in one shell. */
  async function answersOfGit(branch: string, items: string[][]): Promise<(string | undefined)[]> {
    const script = items.map(
      (paths) =>
        `git log -n 1 --format=%H ${branch} -- ${paths.map((path) => shellQuoted(path || ".")).join(" ")}; echo`,
    );
    const printed = await run(["sh", "-e"], script.join("\n"));
    // Each answer is a line of its own if there is one, and then the line of echo.
    return printed
      .split(/(?<=^|\n)\n/)
      .slice(0, -1)
      .map((answer) => answer.trim() || undefined);
  }

  async function run([program = "", ...args]: string[], input: string): Promise<string> {
    const child = spawn(program, args, {
      cwd: all.directory,
      env: { ...GIT_ENV, GIT_LITERAL_PATHSPECS: "1" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.end(input);
    const [printed, [status]] = await Promise.all([text(child.stdout), once(child, "close")]);
    assert.equal(status, 0);
    return printed;
  }
});

function check(number: number, items: string[][], actual: unknown[], expected: unknown[] | undefined): void {
  const again = `run again with HISTORY_SEED=${SEED + number} HISTORIES=1`;
  assert.equal(actual.length, items.length, again);
  for (const [item, paths] of items.entries()) {
    assert.equal(actual[item], expected?.[item], `${JSON.stringify(paths)}: ${again}`);
  }
}

function shellQuoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

async function eachOf<T>(values: readonly T[], work: (value: T, number: number) => Promise<void>): Promise<void> {
  const open = values.entries();
  const lane = async () => {
    for (const [number, value] of open) {
      await work(value, number);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
