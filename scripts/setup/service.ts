import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A server that was started for the project. */
export interface Service {
  pid: number;
  /** A part of its command line that tells it from any other process that gets its number later. */
  mark: string;
}

/** Starts a server that outlives this process, and waits until it answers. */
export async function startService(
  command: string,
  args: string[],
  logFile: string,
  mark: string,
  answers: () => Promise<boolean>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Service> {
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env });
  closeSync(log);
  let ended = false;
  child.on("exit", () => {
    ended = true;
  });
  child.on("error", () => {
    ended = true;
  });
  child.unref();
  const service = { pid: child.pid ?? 0, mark };
  for (let tries = 0; tries < 300 && !ended; tries++) {
    if (await answers()) {
      return service;
    }
    await sleep(100);
  }
  await stopService(service);
  const words = readFileSync(logFile, "utf8").trim().split("\n").slice(-8).join("\n");
  throw new Error(`${command} did not start; its last words:\n${words}`);
}

/** Whether a service that was started still runs. */
export function isRunning({ pid, mark }: Service): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
    return state !== "Z" && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(mark);
  } catch {
    return false;
  }
}

/** Stops a service by its process number, if that is still the service, and waits for its end. */
export async function stopService(service: Service): Promise<void> {
  for (let tries = 0; isRunning(service); tries++) {
    if (tries % 100 === 0) {
      process.kill(service.pid, tries === 0 ? "SIGTERM" : "SIGKILL");
    }
    await sleep(100);
  }
}
