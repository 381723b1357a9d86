import * as assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { TYPESCRIPT } from "../../scripts/setup/paths";
import type { Ran } from "../unit/cli/setup";

const PROGRAM = path.join(__dirname, "commandLineProgram.ts");

/**
 * The command line in a process of its own, for what holds of a process: what it has loaded, and whom it trusts. It is started once, since that takes
 * longer than most of what it is asked.
 */
export class CommandLine {
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown[]>;

  /** `node`: more arguments for Node.js. */
  constructor(env: NodeJS.ProcessEnv, node: string[] = []) {
    this.child = fork(PROGRAM, { execArgv: [...TYPESCRIPT, ...node], env });
    this.ended = once(this.child, "exit");
  }

  /** One call after the other. */
  async run(...argv: string[]): Promise<Ran> {
    const answer = once(this.child, "message");
    this.child.send(argv);
    const [ran] = await Promise.race([answer, this.ended.then(([status]) => assert.fail(`it ended with ${status}`))]);
    return ran;
  }

  /** Lets it end, which it must do by itself: nothing of what it did is left open. */
  async end(): Promise<void> {
    if (this.child.connected) {
      this.child.disconnect();
    }
    assert.deepEqual(await this.ended, [0, null]);
  }
}
