#!/usr/bin/env node
import { run } from "./run";

// Whoever reads the output may have seen enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    throw error;
  }
});

const { env, stdout, stderr } = process;

void run(process.argv.slice(2), {
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  color: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb",
  env,
  now: () => new Date(),
}).then((status) => {
  process.exitCode = status;
});
