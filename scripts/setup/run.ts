import { spawn } from "node:child_process";
import { accessSync, constants as modes } from "node:fs";
import { constants, setPriority } from "node:os";
import * as path from "node:path";

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** In milliseconds. Default: no limit. */
  timeout?: number;
  /** Lets others go first: for what takes all cores for minutes. Default: false. */
  patient?: boolean;
}

/** Runs a program to its end and returns what it prints. Throws an error with its last words. */
export function run(command: string, args: string[], { cwd, env, timeout, patient }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, timeout, killSignal: "SIGKILL", stdio: ["ignore", "pipe", "pipe"] });
    if (patient && child.pid !== undefined) {
      setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    }
    let output = "";
    let words = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      words += chunk;
    });
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0) {
        resolve(output);
      } else {
        const last = (words || output).trim().split("\n").slice(-10).join("\n");
        reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? `status ${status}`}:\n${last}`));
      }
    });
  });
}

/** Where a program is, if it is on PATH or in one of Debian's places for those of root. */
export function which(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const directories = [...(env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  return directories
    .filter((directory) => directory !== "")
    .map((directory) => path.join(directory, name))
    .find((file) => {
      try {
        accessSync(file, modes.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
