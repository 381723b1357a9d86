import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { count as counted } from "../cli/output";
import { registry } from "../test/support/registry";
import { type Repo, repo } from "../test/support/repo";
import { type Result, TestStack } from "../test/support/stack";
import { compile, ROOT } from "./built";
import { atMost, interleaved, type Row } from "./row";

/** The program of versioned images. */
export const VERSIONED = path.join(__dirname, "programs", "versioned.ts");
const PLAIN = path.join(__dirname, "programs", "plain.ts");
const RESOURCES = path.join(__dirname, "programs", "resources.ts");
const run = promisify(execFile);

/** Of more images than these, fewer rounds are measured: each takes long. */
const MANY = 50;
const FEW_ROUNDS = 3;

export interface EngineBenchOptions {
  /** Numbers of images in one program. Default: 1, 20 and 200. */
  images?: number[];
  rounds?: number;
  progress?: (line: string) => void;
}

/** Ratios of whole updates on the real engine, daemon and registry; both sides are run by the same Automation API. */
export async function engineRows(options: EngineBenchOptions = {}): Promise<Row[]> {
  const { images = [1, 20, 200], rounds = 5, progress = () => {} } = options;
  compile();
  const rows = [await importRow(rounds)];
  for (const count of images) {
    progress(`publishing ${counted(count, "image")}`);
    rows.push(...(await unchangedRows(count, count > MANY ? FEW_ROUNDS : rounds)));
  }
  progress("comparing with a script of docker build and docker push");
  rows.push(await secondStackRow(rounds), ...(await changedImageRows(rounds)));
  return rows;
}

async function importRow(rounds: number): Promise<Row> {
  const load = (...modules: string[]) =>
    run(process.execPath, ["-e", modules.map((name) => `require(${JSON.stringify(name)})`).join(";")], { cwd: ROOT });
  const sdk = ["@pulumi/pulumi", "@pulumi/docker"];
  const [ours, theirs] = await interleaved(3 * rounds, [
    () => load(...sdk, path.join(ROOT, "dist/components/index.js")),
    () => load(...sdk),
  ]);
  return atMost(1.05, "import of the library / of the SDK and Docker's", ours as number, theirs as number);
}

/**
 * Preview and update of images that have not changed, against plain docker.Images with fixed tags; and against the same
 * number of resources, which tells what of it is their number and what is work of ours.
 */
async function unchangedRows(count: number, rounds: number): Promise<Row[]> {
  const name = registry.repository("bench");
  const ours = sideOf(VERSIONED, name, count);
  const theirs = sideOf(PLAIN, `${name}-plain`, count);
  const asMany = sideOf(RESOURCES, `${name}-resources`, count);
  const warm = sideOf(RESOURCES, `${name}-warm`, 1);
  try {
    // Otherwise the first of them alone would push the base image.
    done(await warm.stack.up());
    const [first, , third] = await interleaved(
      1,
      [ours, theirs, asMany].map(
        ({ stack }) =>
          async () =>
            done(await stack.up()),
      ),
    );
    const before = registry.pushesTo(`${name}/app-0`);
    const images = counted(count, "image");
    const rows = [atMost(1.15, `first publication of ${images} / as many resources`, first as number, third as number)];
    for (const kind of ["preview", "up"] as const) {
      const [one, other, third] = await interleaved(
        rounds,
        [ours, theirs, asMany].map(
          ({ stack }) =>
            async () =>
              unchanged(await stack[kind]()),
        ),
      );
      const what = `${kind === "up" ? "update" : "preview"} of ${images.replace(" ", " unchanged ")}`;
      rows.push(
        atMost(1.05, `${what} / plain docker.Image`, one as number, other as number),
        atMost(1.05, `${what} / as many resources`, one as number, third as number),
      );
    }
    assert.equal(registry.pushesTo(`${name}/app-0`), before, "an unchanged image was pushed");
    if (count > MANY) {
      rows.push(...(await freshCloneRows(count, ours, asMany)));
    }
    return rows;
  } finally {
    drop(ours, theirs, asMany, warm);
  }
}

/** What unchanged images take where nothing of them is on disk yet, as on a CI runner. */
async function freshCloneRows(count: number, ours: Side, asMany: Side): Promise<Row[]> {
  const [clone, other] = [ours.source.clone(), asMany.source.clone()];
  try {
    const [one, bare] = [await ours.stack.in(clone.directory).up(), await asMany.stack.in(other.directory).up()];
    unchanged(one);
    unchanged(bare);
    const staged = readdirSync(clone.path(".versioned-image"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(path.join(entry.parentPath, entry.name)).size);
    const bytes = staged.reduce((sum, size) => sum + size, 0);
    const mb = Math.round(one.memory / 1e6);
    return [
      atMost(
        1.25,
        `memory of the same update in a fresh clone (${mb} MB) / as many resources`,
        one.memory,
        bare.memory,
      ),
      atMost(1, `files staged in it (${bytes} bytes in all) / images`, staged.length - ROOT_FILES, count),
    ];
  } finally {
    clone.dispose();
    other.dispose();
  }
}

/** The staging folder has a .gitignore of its own. */
const ROOT_FILES = 1;

async function secondStackRow(rounds: number): Promise<Row> {
  const name = registry.repository("second");
  const first = sideOf(VERSIONED, name, 1);
  const { source } = first;
  try {
    done(await first.stack.up());
    const [ours, script, engine] = await interleaved(rounds, [
      async () => {
        const second = stackOf(source, VERSIONED, name, 1);
        done(await second.up());
        second.forget();
      },
      () => buildAndPush(source, `${name}-script:v1`, "--no-cache"),
      () => emptyUpdate(source),
    ]);
    assert.equal(registry.pushesTo(`${name}/app-0`), 1);
    return atMost(
      1,
      "a second stack's deploy / docker build and push plus Pulumi's own time",
      ours as number,
      (script as number) + (engine as number),
    );
  } finally {
    drop(first);
  }
}

/** An image of one changed file, against a plain docker.Image and against a script. */
async function changedImageRows(rounds: number): Promise<Row[]> {
  const name = registry.repository("changed");
  const versioned = sideOf(VERSIONED, name, 1);
  const plain = sideOf(PLAIN, `${name}-plain`, 1);
  const { source } = versioned;
  try {
    done(await versioned.stack.up());
    done(await plain.stack.up());
    const [ours, theirs, script, engine] = await interleaved(
      rounds,
      [
        async () => done(await versioned.stack.up()),
        async () => done(await plain.stack.up()),
        () => buildAndPush(source, `${name}-script:${source.head().slice(0, 7)}`, "--no-cache"),
        () => emptyUpdate(source),
      ],
      (round) => {
        for (const each of [source, plain.source]) {
          each.write("app-0/main", `${round} ${Math.random()}\n`).add().commit();
        }
      },
    );
    const pushes = [registry.pushesTo(`${name}/app-0`), registry.pushesTo(`${name}-plain/app-0`)];
    assert.deepEqual(pushes, [rounds + 1, rounds + 1], "not every round has published once");
    return [
      atMost(1.15, "a changed image's update / a plain docker.Image's", ours as number, theirs as number),
      atMost(
        1.15,
        "a changed image's update / docker build and push plus Pulumi's own time",
        ours as number,
        (script as number) + (engine as number),
      ),
    ];
  } finally {
    drop(versioned, plain);
  }
}

/** Pulumi's own time: an update of a program without images. */
export async function emptyUpdate(source: Repo): Promise<void> {
  const stack = stackOf(source, VERSIONED, "unused", 0);
  done(await stack.up());
  stack.forget();
}

async function buildAndPush(source: Repo, spec: string, ...flags: string[]): Promise<void> {
  const env = { ...process.env, DOCKER_BUILDKIT: "0" };
  await run("docker", ["build", "--quiet", ...flags, "--tag", spec, source.path("app-0")], { env });
  await run("docker", ["push", "--quiet", spec], { env });
}

/** A program that is measured, with files of its own: what one has built, Docker would have in its cache for the next. */
interface Side {
  source: Repo;
  stack: TestStack;
}

function sideOf(program: string, name: string, count: number): Side {
  const source = monorepo(count);
  return { source, stack: stackOf(source, program, name, count) };
}

function drop(...sides: Side[]): void {
  for (const { source, stack } of sides) {
    stack.forget();
    source.dispose();
  }
}

/** A repository with images app-0, app-1, … that print a file of theirs. */
function monorepo(count: number): Repo {
  const source = repo().write("Pulumi.yaml", "name: bench\nruntime: nodejs\n").write(".gitignore", "Pulumi.*.yaml\n");
  for (let image = 0; image < count; image++) {
    source
      .write(`app-${image}/Dockerfile`, "FROM busybox:1.36\nCOPY . /app\n")
      .write(`app-${image}/main`, `${image} ${Math.random()}\n`);
  }
  return source.add().commit();
}

/** A stack of the images app-0, app-1, …; `more` are further arguments of each. */
export function stackOf(
  source: Repo,
  program: string,
  name: string,
  count: number,
  more: object = {},
  env: NodeJS.ProcessEnv = process.env,
): TestStack {
  const images = Object.fromEntries(
    Array.from({ length: count }, (_, image) => [
      `app-${image}`,
      { context: `app-${image}`, repository: `${name}/app-${image}`, ...more },
    ]),
  );
  const config = { images: JSON.stringify(images) };
  return new TestStack("bench", { workDir: source.directory, env, program, config, project: "bench" });
}

export function done(result: Result): void {
  assert.equal(result.succeeded, true, result.text);
}

function unchanged(result: Result): void {
  done(result);
  const changed = result.steps.filter(({ op }) => op !== "same");
  assert.deepEqual(changed, [], "something changed");
}
