import * as assert from "node:assert/strict";
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { showsColor } from "../../../cli/output";
import { TYPESCRIPT } from "../../../scripts/setup/paths";
import { CommandLine } from "../../support/commandLine";
import { fakeRegistries } from "../../support/fakeRegistry";
import { labelsOf, repositories, shelf } from "./setup";

const MAIN = path.resolve(__dirname, "../../../cli/main.ts");

/** A program that ends whoever loads something of Pulumi's. */
const FORBID = `
const Module = require("node:module");
const load = Module._load;
Module._load = function (request, ...rest) {
  if (request.startsWith("@pulumi/")) {
    console.error("loaded " + request);
    process.exit(99);
  }
  return load.call(this, request, ...rest);
};
`;

/** The program as a process of its own. */
describe("versioned-image, started", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  const running = new Set<ChildProcess>();
  let scratch: string;

  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "cli-"));
  });

  afterEach(() => {
    for (const child of running) {
      child.kill("SIGKILL");
    }
    rmSync(scratch, { recursive: true });
  });

  function launch(
    argv: string[],
    env: NodeJS.ProcessEnv = {},
    node: string[] = [],
    stdio: StdioOptions = ["ignore", "pipe", "pipe"],
  ): ChildProcess {
    const child = spawn(process.execPath, [...TYPESCRIPT, ...node, MAIN, ...argv], {
      env: { ...process.env, DOCKER_CONFIG: scratch, ...env },
      stdio,
    });
    running.add(child);
    child.on("close", () => running.delete(child));
    return child;
  }

  async function ended(child: ChildProcess): Promise<{ status: number | null; out: string; err: string }> {
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on("data", (chunk) => chunks.push(chunk));
      return chunks;
    }) as [Buffer[], Buffer[]];
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
  }

  it("says which Node.js it needs", async () => {
    const older = path.join(scratch, "older.cjs");
    writeFileSync(older, 'Object.defineProperty(process.versions, "node", { value: "20.20.2" });');
    const { status, err } = await ended(launch(["--help"], {}, ["--require", older]));
    assert.deepEqual([status, err], [1, "versioned-image: Node.js 20.20.2 is too old. Install version 22 or newer.\n"]);
  });

  it("ends with 0, 1 or 2, and keeps errors off standard output", async () => {
    const made = withImage();
    const fine = await ended(launch(["tag", "images/app"]));
    assert.deepEqual(fine, { status: 0, out: `${made.head().slice(0, 7)}\n`, err: "" });
    const no = await ended(launch(["tag", "images/none"]));
    assert.deepEqual([no.status, no.out], [1, ""]);
    assert.match(no.err, /^versioned-image: .* \[ContextNotFound\]\n$/);
    const wrong = await ended(launch(["tag"]));
    assert.deepEqual([wrong.status, wrong.out], [2, ""]);
    assert.match(wrong.err, /^error: missing required argument 'context'\n/);
  });

  it("loads nothing of Pulumi's, whatever it is asked", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const registry = await start(shelf([{ tags: [tag], labels: labelsOf(made, made.head(), "images/app") }]));
    const repository = `${registry.host}/app`;
    const forbid = path.join(scratch, "forbid.cjs");
    writeFileSync(forbid, FORBID);
    const watched = ["--require", forbid];

    const canary = path.join(scratch, "canary.cjs");
    writeFileSync(canary, 'require("@pulumi/pulumi");');
    const caught = await ended(launch(["--version"], {}, [...watched, "--require", canary]));
    assert.equal(caught.status, 99);

    const commandLine = new CommandLine({ ...process.env, DOCKER_CONFIG: scratch }, watched);
    try {
      for (const argv of [
        ["--help"],
        ["tag", "images/app"],
        ["explain", "images/app", "--repository", repository],
        ["tags", repository],
        ["verify", `${repository}:${tag}`],
        ["provenance", `${repository}:${tag}`],
      ]) {
        const { status, out, err } = await commandLine.run(...argv);
        assert.deepEqual([status, err], [0, ""], argv.join(" "));
        assert.notEqual(out, "");
      }
    } finally {
      await commandLine.end();
    }
    // This one says on standard error how it goes on.
    const published = await ended(launch(["publish", "images/app", "--repository", repository], {}, watched));
    assert.equal(published.status, 0, published.err);
    assert.match(published.out, new RegExp(`^${repository}:${tag}@sha256:[0-9a-f]{64}\n$`));
  });

  it("shows colour on a terminal alone, and not with NO_COLOR", async () => {
    withImage();
    const terminal = path.join(scratch, "terminal.cjs");
    writeFileSync(terminal, "process.stdout.isTTY = true;");
    const colored = async (env: NodeJS.ProcessEnv, node: string[] = []) =>
      (await ended(launch(["explain", "images/app"], { TERM: "xterm", NO_COLOR: "", ...env }, node))).out.includes(
        "\u001b",
      );
    assert.equal(await colored({ COLORTERM: "truecolor", FORCE_COLOR: "1" }), false);
    assert.equal(await colored({}, ["--require", terminal]), true);
    const shown = (isTTY: boolean | undefined, env: NodeJS.ProcessEnv) =>
      showsColor({ isTTY }, { TERM: "xterm", NO_COLOR: "", ...env });
    assert.equal(shown(true, {}), true);
    assert.equal(shown(undefined, { COLORTERM: "truecolor", FORCE_COLOR: "1" }), false);
    assert.equal(shown(true, { NO_COLOR: "1" }), false);
    assert.equal(shown(true, { TERM: "dumb" }), false);
  });

  it("writes all of a long list, and bears a reader that stops early", async () => {
    withImage();
    const tags = Array.from({ length: 1000 }, (_, index) => `tag-${index}-${"x".repeat(100)}`);
    const registry = await start(shelf([{ tags }]));
    const whole = await ended(launch(["tags", `${registry.host}/app`, "--json"]));
    assert.equal(whole.status, 0);
    assert.equal(JSON.parse(whole.out).images[0].tags.length, 1000);

    const child = launch(["tags", `${registry.host}/app`]);
    child.stdout?.destroy();
    const stopped = await ended(child);
    assert.deepEqual([stopped.status, stopped.err], [0, ""]);
  });

  it("goes on where nobody reads any more what it says of how it goes on", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const registry = await start(shelf([{ tags: [tag], labels: labelsOf(made, made.head(), "images/app") }]));
    const child = launch(["publish", "images/app", "--repository", `${registry.host}/app`]);
    child.stderr?.destroy();
    const { status, out } = await ended(child);
    assert.equal(status, 0);
    assert.match(out, new RegExp(`^${registry.host}/app:${tag}@sha256:[0-9a-f]{64}\n$`));
  });

  it("says that its answer can't be written, and ends with 1", async () => {
    withImage();
    const file = path.join(scratch, "answer");
    writeFileSync(file, "");
    // Not open for writing, it refuses each write, as a full disk does.
    const answer = openSync(file, "r");
    try {
      const { status, err } = await ended(launch(["tag", "images/app"], {}, [], ["ignore", answer, "pipe"]));
      assert.deepEqual(
        [status, err],
        [1, "versioned-image: can't write to standard output: EBADF: bad file descriptor, write\n"],
      );
      assert.equal(readFileSync(file, "utf8"), "");
    } finally {
      closeSync(answer);
    }
  });
});
