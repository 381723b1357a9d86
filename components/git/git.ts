import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { VersionedImageError } from "../errors";
import { gitEnvironment, SETTINGS } from "./environment";

/** Where git gave up: its own words. */
export class GitError extends Error {
  constructor(
    readonly args: readonly string[],
    readonly exitCode: number,
    readonly words: string,
  ) {
    super(words);
  }
}

export interface GitOptions {
  /** The directory to run in. */
  cwd: string;
  /** Further environment variables. */
  env?: Record<string, string>;
  /** Further settings, as `git -c`. */
  config?: string[];
  /** How its output is read; latin1 is a character a byte, for paths that need not be UTF-8. Default: utf8. */
  encoding?: "utf8" | "latin1";
}

/** A git that runs while its output is read. */
export interface RunningGit {
  process: ChildProcessWithoutNullStreams;
  /** When it has ended, of its own will or not. Rejects with GitError, or GitNotFound, unless it was stopped. */
  ended: Promise<void>;
  /** Ends it: what it would still say is not needed. */
  stop(): void;
}

/** Runs git and returns what it prints; `input` is what it reads. Throws GitError with git's own words, or GitNotFound. */
export async function git(args: string[], { input, ...options }: GitOptions & { input?: string }): Promise<string> {
  const printed: string[] = [];
  const { process, ended } = startGit(args, options, (text) => printed.push(text));
  process.stdin.end(input);
  await ended;
  return printed.join("");
}

/** Starts git and hands on what it prints as it comes. */
export function startGit(args: string[], options: GitOptions, read: (text: string) => void): RunningGit {
  const { cwd, env, config = [], encoding = "utf8" } = options;
  const settings = [...SETTINGS, ...config].flatMap((setting) => ["-c", setting]);
  const process = spawn("git", [...settings, ...args], { cwd, env: { ...gitEnvironment(), ...env }, stdio: "pipe" });
  let stopped = false;
  let words = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  process.stdout.setEncoding(encoding);
  const ended = new Promise<void>((resolve, reject) => {
    process.stdout.on("data", (text: string) => {
      try {
        if (!stopped) {
          read(text);
        }
      } catch (error) {
        reject(error);
      }
    });
    process.on("error", (error: NodeJS.ErrnoException) => reject(notStarted(error, cwd)));
    // A git that gave up reads no more; its exit status tells why.
    process.stdin.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") {
        reject(error);
      }
    });
    process.on("close", (status, signal) => {
      if (stopped || status === 0) {
        resolve();
      } else {
        reject(new GitError(args, status ?? -1, words.trim() || (signal ? `ended by ${signal}` : "")));
      }
    });
  });
  const stop = () => {
    stopped = true;
    process.stdout.resume();
    process.kill();
  };
  return { process, ended, stop };
}

/** Node says the same of a directory that is gone, or may not be entered, as of the program. */
function notStarted(error: NodeJS.ErrnoException, cwd: string): Error {
  return error.code === "ENOENT" && existsSync(cwd)
    ? new VersionedImageError("GitNotFound", "The program git was not found: install it, or put it on PATH.")
    : new VersionedImageError(
        "GitFailed",
        `git could not be started in ${cwd} (${error.message}): see that the directory is there and may be entered.`,
        { cause: error },
      );
}
