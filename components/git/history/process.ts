import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { VersionedImageError } from "../../errors";
import { gitEnvironment, SETTINGS } from "../environment";
import { GitError } from "../git";

/** Who reads as it comes says when to flush; after each commit is too often. */
const FLUSH = { GIT_FLUSH: "0" };

/** A git that runs while its output is read. */
export interface RunningGit {
  process: ChildProcessWithoutNullStreams;
  /** When it has ended, of its own will or not. Rejects with GitError, or GitNotFound, unless it was stopped. */
  ended: Promise<void>;
  /** Ends it: what it would still say is not needed. */
  stop(): void;
}

/** Starts git and hands on what it prints as it comes, a character a byte: paths need not be UTF-8. */
export function startGit(args: string[], cwd: string, read: (text: string) => void): RunningGit {
  const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
  const process = spawn("git", [...settings, ...args], { cwd, env: { ...gitEnvironment(), ...FLUSH }, stdio: "pipe" });
  let stopped = false;
  let words = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  process.stdout.setEncoding("latin1");
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
    process.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? new VersionedImageError("GitNotFound", "The program git was not found: install it, or put it on PATH.")
          : error,
      ),
    );
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
        reject(new GitError(args, status ?? -1, words.trim() || `ended by ${signal}`));
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

/** What git prints, a character a byte. Throws GitError, or GitNotFound. */
export async function outputOf(args: string[], cwd: string): Promise<string> {
  let printed = "";
  const { process, ended } = startGit(args, cwd, (text) => {
    printed += text;
  });
  process.stdin.end();
  await ended;
  return printed;
}
