#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { run } from "./run";

// Whoever reads the output may have seen enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    throw error;
  }
});

const { env, stdin, stdout, stderr } = process;

void run(process.argv.slice(2), {
  out: (words) => stdout.write(words),
  err: (words) => stderr.write(words),
  input: () => text(stdin),
  color: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb",
  terminal: stderr.isTTY === true && env.TERM !== "dumb",
  env,
  now: () => new Date(),
}).then((status) => {
  process.exitCode = status;
});
