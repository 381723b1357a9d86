#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { showsColor } from "./output";
import { run } from "./run";

const { env, stdin, stdout, stderr } = process;

/**
 * Whoever reads what is written may have seen enough, as `head` does. Another failure is told once, and ends the program with 1, once what is under
 * way has ended.
 */
function mayEnd(stream: NodeJS.WriteStream, failed: (error: Error) => void): void {
  let told = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && !told) {
      told = true;
      process.exitCode = 1;
      failed(error);
    }
  });
}

mayEnd(stdout, ({ message }) => stderr.write(`versioned-image: can't write to standard output: ${message}\n`));
// There is no other place to say it.
mayEnd(stderr, () => {});

/** As package.json has it; npm warns of it, and installs even so. */
const OLDEST_NODE = 22;

async function main(): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    stderr.write(
      `versioned-image: Node.js ${process.versions.node} is too old. Install version ${OLDEST_NODE} or newer.\n`,
    );
    return 1;
  }
  return run(process.argv.slice(2), {
    out: (words) => stdout.write(words),
    err: (words) => stderr.write(words),
    input: () => text(stdin),
    color: showsColor(stdout, env),
    terminal: stderr.isTTY === true && env.TERM !== "dumb",
    env,
    now: () => new Date(),
  });
}

void main().then((status) => {
  process.exitCode ||= status;
});
