import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { gitEnvironment, SETTINGS } from "../environment";
import { notStarted } from "../git";
import { GitError } from "../gitError";
import { withinLimit } from "../timeLimit";

export interface StreamOptions {
  /** The directory to run in. */
  cwd: string;
  /** How its output is read; latin1 is a character a byte, for paths that need not be UTF-8. Default: utf8. */
  encoding?: "utf8" | "latin1";
}

/** A git that runs while its output is read. */
export interface RunningGit {
  process: ChildProcessWithoutNullStreams;
  /**
   * When it has ended, of its own will or not. Rejects with GitError, GitNotFound, GitFailed or GitTimeout, unless it was
   * stopped.
   */
  ended: Promise<void>;
  /** Ends it: what it would still say is not needed. */
  stop(): void;
}

/** Starts git and hands on what it prints as it comes. */
export function startGit(args: string[], options: StreamOptions, read: (text: string) => void): RunningGit {
  const { cwd, encoding = "utf8" } = options;
  const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
  // Git flushes when it is told to; after each line is too often.
  const env = { ...gitEnvironment(), GIT_FLUSH: "0" };
  const process = spawn("git", [...settings, ...args], { cwd, env, stdio: "pipe" });
  let stopped = false;
  let words = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  process.stdout.setEncoding(encoding);
  const closed = new Promise<void>((resolve, reject) => {
    process.stdout.on("data", (text: string) => {
      try {
        if (!stopped) {
          read(text);
        }
      } catch (error) {
        reject(error);
      }
    });
    process.on("error", (error: NodeJS.ErrnoException) => reject(notStarted(error.message, cwd)));
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
        reject(new GitError(args, status ?? -1, words.trim() || (signal ? `ended by ${signal}` : ""), cwd));
      }
    });
  });
  const call = { args, cwd, purpose: "facts" as const, program: () => process, abort: () => void process.kill() };
  const ended = withinLimit(call, () => closed);
  const stop = () => {
    stopped = true;
    process.stdout.resume();
    process.kill();
  };
  return { process, ended, stop };
}
