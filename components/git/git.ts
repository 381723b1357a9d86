import type { ChildProcess } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { getSystemErrorName } from "node:util";
import { VersionedImageError } from "../errors";
import { gitEnvironment, SETTINGS, TRUSTED } from "./environment";
import { GitError } from "./gitError";
import { type Purpose, withinLimit } from "./timeLimit";

export interface GitOptions {
  /** The directory to run in. */
  cwd: string;
  /** What of the user's it is run for, for messages. Default: `cwd`. */
  at?: string;
  /** Further environment variables. */
  env?: Record<string, string>;
  /** Further settings, as `git -c`. */
  config?: string[];
  /** What git reads. Default: nothing. */
  input?: string;
  /** How its output is read; latin1 is a character a byte, for paths that need not be UTF-8. Default: utf8. */
  encoding?: "utf8" | "latin1";
  /** What it is run for, which sets how long it may take. Default: facts. */
  purpose?: Purpose;
  /** Words on git's standard error after which its work is no good, though its exit status is 0. Default: none. */
  failedIf?: RegExp;
}

/** How a program that simple-git has run came to its end. */
interface Ending {
  exitCode: number | null;
  words: string;
}

/**
 * Runs git and returns what it prints. Throws GitError (GitFailed with git's own words, or a code that says more), GitNotFound,
 * GitTimeout, or GitFailed where git can't be started.
 */
export async function git(args: string[], options: GitOptions): Promise<string> {
  const { cwd, at = cwd, input = "", encoding = "utf8", purpose = "facts", failedIf } = options;
  let program: ChildProcess | undefined;
  let ending: Ending | undefined;
  const printed: Buffer[] = [];
  const stopper = new AbortController();

  const run = async (): Promise<string> => {
    const env = { ...gitEnvironment(), ...options.env };
    const runner = simpleGit()(cwd, {
      config: [...SETTINGS, ...(options.config ?? [])],
      // It has said all when its output is closed, not when it has ended.
      completion: { onClose: true, onExit: false },
      // An empty buffer closes git's standard input; without one git could wait for it.
      input: () => Buffer.from(input),
      abort: stopper.signal,
      // Simple-git takes a git that fails without a word for one that did well.
      errors: (rejection, { exitCode, stdErr }) => {
        ending = { exitCode, words: Buffer.concat(stdErr).toString() };
        return exitCode === 0 ? rejection : new Error("git failed");
      },
      unsafe: TRUSTED,
      // The environment was chosen by gitEnvironment.
      allowEnvironment: Object.keys(env),
    });
    runner.env(env).outputHandler((_command, stdout) => {
      program = started(stdout);
      // Where git has said nothing at all, simple-git waits 50 ms for more.
      process.nextTick(() => stdout.emit("data", Buffer.alloc(0)));
      if (encoding !== "utf8") {
        stdout.on("data", (chunk: Buffer) => printed.push(chunk));
      }
    });
    const text = await runner.raw(args);
    return encoding === "utf8" ? text : Buffer.concat(printed).toString(encoding);
  };

  const call = { args, cwd, purpose, program: () => program, abort: () => stopper.abort() };
  const text = await withinLimit(call, run).catch((error) => {
    throw error instanceof VersionedImageError ? error : failure(args, options, ending, program, error);
  });
  if (ending && failedIf?.test(ending.words)) {
    throw new GitError(args, ending.exitCode ?? -1, ending.words.trim(), at);
  }
  return text;
}

/** What went wrong with a git that simple-git says has failed. */
function failure(
  args: string[],
  { cwd, at = cwd }: GitOptions,
  ending: Ending | undefined,
  program: ChildProcess | undefined,
  error: unknown,
): Error {
  const { exitCode, words } = ending ?? { exitCode: undefined, words: "" };
  // Without a process Node gives the negative number of the system's error.
  if (exitCode === undefined || (program?.pid === undefined && (exitCode ?? 0) < 0)) {
    return notStarted(exitCode ? `spawn git ${getSystemErrorName(exitCode)}` : String(error), cwd);
  }
  const ended = program?.signalCode ? `ended by ${program.signalCode}` : "";
  return new GitError(args, exitCode ?? -1, words.trim() || ended, at);
}

/** Node says the same of a directory that is gone, or may not be entered, as of the program. */
export function notStarted(reason: string, cwd: string): VersionedImageError {
  return reason.includes("ENOENT") && existsSync(cwd)
    ? new VersionedImageError("GitNotFound", "git was not found. Install it, or add it to PATH.")
    : new VersionedImageError(
        "GitFailed",
        `git could not be started in ${cwd} (${reason}). Check that the directory exists and is accessible.`,
      );
}

let latest: ChildProcess | undefined;

/** The program whose output this is. Simple-git keeps it to itself; Node tells of each one that begins. */
function started(stdout: NodeJS.ReadableStream): ChildProcess | undefined {
  return latest?.stdout === stdout ? latest : undefined;
}

/** Loaded with the first call: it takes longer than all of this library, and not all who import that have an image. */
function simpleGit(): typeof import("simple-git").simpleGit {
  if (!loaded) {
    channel("child_process").subscribe((message) => {
      latest = (message as { process: ChildProcess }).process;
    });
    loaded = (require("simple-git") as typeof import("simple-git")).simpleGit;
  }
  return loaded;
}

let loaded: typeof import("simple-git").simpleGit | undefined;
