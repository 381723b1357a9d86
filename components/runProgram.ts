import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** A program that is run to its end, and what it may take. */
export interface ProgramCall {
  program: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Default: that of this process. */
  cwd?: string;
  /** What it is given on standard input. Default: nothing. */
  input?: string;
  /** How long it may take, in milliseconds. */
  limitMs: number;
  /** What is thrown where it takes longer. */
  tooSlow: string;
  /** How many characters it may print to each of its outputs. */
  longest: number;
  /** What is thrown where it prints more. */
  tooLong: string;
}

/** How it ended. */
export interface Ended {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Throws an Error for one that can't be started, takes too long or prints too much. */
export function runProgram(call: ProgramCall): Promise<Ended> {
  const { program, args, env, cwd, input, limitMs, longest } = call;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...{ cwd, env },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    const giveUp = (why: string) => {
      child.kill("SIGKILL");
      // A process that the program started may still hold these open.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(why));
    };
    const timer = setTimeout(() => giveUp(call.tooSlow), limitMs);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        if (output[name].length > longest) {
          giveUp(call.tooLong);
        }
      });
    }
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, ...output });
    });
    // A program that does not read its input is seen by its answer.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
