import * as assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as path from "node:path";
import { TYPESCRIPT } from "../../../scripts/setup/paths";

const ROOT = path.resolve(__dirname, "../../..");

/** A program of its own, since it is the process that ends. It prints `ready` when it is to be interrupted. */
const BEGIN = `
  const { interruptibly } = require(${JSON.stringify(path.join(ROOT, "components/pulumi/interrupt.ts"))});
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const say = async (goingOn) => console.log("said:", goingOn.join(", "));
  const stay = setInterval(() => {}, 1000);
  const ready = () => setTimeout(() => console.log("ready"), 50);
`;

interface End {
  lines: string[];
  code: number | null;
  signal: string | null;
}

function interrupted(program: string): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...TYPESCRIPT, "-e", BEGIN + program], { cwd: ROOT });
    let printed = "";
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.stdout.on("data", (chunk) => {
      const wasReady = printed.includes("ready");
      printed += chunk;
      if (!wasReady && printed.includes("ready")) {
        child.kill("SIGINT");
      }
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      assert.equal(errors, "");
      resolve({
        lines: printed
          .trim()
          .split("\n")
          .filter((line) => line !== "ready"),
        code,
        signal,
      });
    });
  });
}

describe("interruptibly", function () {
  this.timeout(60_000);

  /** All of them wait for seconds, and so at the same time. */
  const begun: (() => void)[] = [];
  before(() => {
    for (const begin of begun) {
      begin();
    }
  });

  /** Says how a program ends that is interrupted. */
  function whenInterrupted(what: string, program: string, check: (end: End) => void): void {
    let end: Promise<End>;
    begun.push(() => {
      end = interrupted(program);
      // Until its test awaits it.
      end.catch(() => {});
    });
    it(what, async () => check(await end));
  }

  whenInterrupted(
    "lets what is short come to its end, and says what takes longer",
    `
      interruptibly({ what: "api is being built" }, say, () => sleep(1_000_000));
      interruptibly({ what: "web is being tagged" }, say, async () => { await sleep(500); console.log("tagged"); });
      ready();
    `,
    (end) => {
      assert.deepEqual(end.lines, ["tagged", "said: api is being built"]);
      assert.deepEqual([end.code, end.signal], [null, "SIGINT"]);
    },
  );

  whenInterrupted(
    "ends the process as soon as nothing goes on any more",
    `
      interruptibly({ what: "web is being tagged" }, say, () => sleep(300)).then(() => console.log("done"));
      ready();
    `,
    (end) => {
      assert.deepEqual(end.lines, ["done"]);
      assert.equal(end.signal, "SIGINT");
    },
  );

  whenInterrupted(
    "says what a step is doing by then",
    `
      const step = { what: "api is being built" };
      interruptibly(step, say, async () => { step.what = "api is being tagged"; await sleep(1_000_000); });
      ready();
    `,
    (end) => {
      assert.deepEqual(end.lines, ["said: api is being tagged"]);
    },
  );

  whenInterrupted(
    "ends the process though nothing can be said",
    `
      interruptibly({ what: "a" }, () => Promise.reject(new Error("no engine")), () => sleep(1_000_000));
      ready();
    `,
    (end) => {
      assert.deepEqual(end, { lines: [], code: null, signal: "SIGINT" });
    },
  );

  whenInterrupted(
    "says nothing of what has failed",
    `
      const step = { what: "api is being built" };
      interruptibly(step, say, async () => { step.what = undefined; await sleep(1_000_000); });
      ready();
    `,
    (end) => {
      assert.deepEqual(end, { lines: [], code: null, signal: "SIGINT" });
    },
  );

  whenInterrupted(
    "leaves the end to whoever else listens",
    `
      process.on("SIGINT", () => { console.log("theirs"); setTimeout(() => process.exit(7), 1_000); });
      interruptibly({ what: "a" }, say, () => sleep(100));
      ready();
    `,
    (end) => {
      assert.deepEqual([end.lines, end.code], [["theirs"], 7]);
    },
  );

  whenInterrupted(
    "listens only while something goes on",
    `
      interruptibly({ what: "a" }, say, () => sleep(10)).then(() => {
        console.log(process.listenerCount("SIGINT"));
        ready();
      });
    `,
    (end) => {
      assert.deepEqual(end.lines, ["0"]);
      assert.equal(end.signal, "SIGINT");
    },
  );
});
