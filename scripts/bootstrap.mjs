/**
 * Runs a script in TypeScript on the Node.js that the project brings along, and installs the project's packages first where
 * they are missing. Needs nothing but Node.js 18 and npm.
 */
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(root, "node_modules", ".package-lock.json");

/** Runs a command to its end and returns its exit status; that of a signal is 128 and its number, as in a shell. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit" });
    // An interrupt reaches the child from the terminal that it shares; the others are sent to this process alone.
    const listeners = { SIGINT: () => {}, SIGTERM: () => child.kill("SIGTERM"), SIGHUP: () => child.kill("SIGHUP") };
    for (const [signal, listener] of Object.entries(listeners)) {
      process.on(signal, listener);
    }
    child.on("error", (error) => {
      console.error(`${command} could not be started (${error.message}): install it, and run this again.`);
      resolve(127);
    });
    child.on("close", (status, signal) => {
      for (const [name, listener] of Object.entries(listeners)) {
        process.off(name, listener);
      }
      resolve(signal ? 128 + constants.signals[signal] : status);
    });
  });
}

function isInstalled() {
  return (
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs - 1000
  );
}

async function main([script, ...args]) {
  if (!isInstalled()) {
    console.log("Installing the project's packages (npm ci) …");
    const status = await run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"]);
    if (status !== 0) {
      return status;
    }
  }
  return run(join(root, "node_modules", ".bin", "node"), [
    "--require",
    join(root, "scripts/typescript.cjs"),
    join(root, script),
    ...args,
  ]);
}

process.exitCode = await main(process.argv.slice(2));
