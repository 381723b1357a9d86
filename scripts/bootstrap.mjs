/**
 * Runs a script in TypeScript on the Node.js that the project brings along, and installs the project's packages first where
 * they are missing. Needs nothing but Node.js 18 and npm.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(root, "node_modules", ".package-lock.json");

function run(command, args) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) {
    console.error(`${command} could not be started (${error.message}): install it, and run this again.`);
  }
  return signal ? 1 : (status ?? 1);
}

function isInstalled() {
  return (
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs - 1000
  );
}

if (!isInstalled()) {
  console.log("Installing the project's packages (npm ci) …");
  const status = run("npm", ["ci", "--no-fund", "--no-audit"]);
  if (status !== 0) {
    process.exit(status);
  }
}

const [script, ...args] = process.argv.slice(2);
// The child shares the terminal, so an interrupt reaches it by itself; this process waits for its end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.exit(run(join(root, "node_modules", ".bin", "node"), ["--import", "tsx", join(root, script), ...args]));
