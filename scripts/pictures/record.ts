import { spawn } from "node:child_process";

export interface Terminal {
  columns: number;
  rows: number;
}

/** Where a command runs. */
export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** What is typed at a shell. */
export interface Typed {
  command: string;
  /** With which it ends. Default: 0. */
  status?: number;
}

/**
 * Runs a command in a terminal of its own, and returns all that it wrote there, escape sequences included. Needs util-linux's
 * `script`. Throws what was written where the command ends with another status.
 */
export function record(
  { command, status: expected = 0 }: Typed,
  { columns, rows }: Terminal,
  { cwd, env }: Place,
): Promise<string> {
  const inTerminal = `stty cols ${columns} rows ${rows} && ${command}`;
  const args = ["--quiet", "--return", "--echo", "never", "--command", inTerminal, "/dev/null"];
  return new Promise((resolve, reject) => {
    // Standard input stays open: its end would be typed into the terminal.
    const child = spawn("script", args, {
      cwd,
      env: { ...env, TERM: "xterm-256color" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const written: Buffer[] = [];
    child.stdout.on("data", (chunk) => written.push(chunk));
    child.on("error", reject);
    child.on("close", (status) => {
      child.stdin.destroy();
      const output = Buffer.concat(written).toString();
      if (status === expected) {
        resolve(output);
      } else {
        reject(new Error(`${command} ended with status ${status}:\n${output}`));
      }
    });
  });
}
