import { execFile, execFileSync } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";

export const ROOT = path.resolve(__dirname, "..");
const MAIN = path.join(ROOT, "dist", "cli", "main.js");

let compiled = false;

/** The library and the command line are measured as users have them. */
export function compile(): void {
  if (!compiled) {
    const args = [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.build.json"];
    execFileSync(process.execPath, args, { cwd: ROOT });
    compiled = true;
  }
}

/** Runs a command of the command line. */
export function versionedImage(
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; maxBuffer?: number } = {},
): Promise<unknown> {
  return promisify(execFile)(process.execPath, [MAIN, ...args], options);
}
