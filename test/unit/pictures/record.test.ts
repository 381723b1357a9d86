import * as assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { record } from "../../../scripts/pictures/record";
import { which } from "../../../scripts/setup/run";

describe("a recorded command", () => {
  const TERMINAL = { columns: 77, rows: 11 };
  const PLACE = { cwd: tmpdir(), env: process.env };

  before(function () {
    // Others than Linux have another command of that name.
    if (process.platform !== "linux" || !which("script")) {
      this.skip();
    }
  });

  it("runs in a terminal of the size asked for", async () => {
    const command = "stty size; test -t 0 && test -t 1 && test -t 2 && echo $TERM";
    assert.equal(await record({ command }, TERMINAL, PLACE), "11 77\r\nxterm-256color\r\n");
  });

  it("is given with all that it wrote, escape sequences and standard error included", async () => {
    const command = "printf '\\033[1mé\\033[0m\\n'; echo two >&2";
    assert.equal(await record({ command }, TERMINAL, PLACE), "\x1b[1mé\x1b[0m\r\ntwo\r\n");
  });

  it("runs where it is told to, with the environment that it is given", async () => {
    const place = { cwd: "/", env: { ...process.env, GREETING: "hello" } };
    assert.equal(await record({ command: 'echo "$GREETING from $PWD"' }, TERMINAL, place), "hello from /\r\n");
  });

  it("may end with the status that is expected of it", async () => {
    assert.equal(await record({ command: "echo no && exit 3", status: 3 }, TERMINAL, PLACE), "no\r\n");
  });

  it("that ends with another status is an error with what it wrote", async () => {
    await assert.rejects(record({ command: "echo no && exit 3" }, TERMINAL, PLACE), {
      message: "echo no && exit 3 ended with status 3:\nno\r\n",
    });
    await assert.rejects(record({ command: "echo yes", status: 1 }, TERMINAL, PLACE), {
      message: "echo yes ended with status 0:\nyes\r\n",
    });
  });
});
