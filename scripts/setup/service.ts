import { execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A server that was started for the project. */
export interface Service {
  pid: number;
  /** A part of its command line that tells it from any other process that gets its number later. */
  mark: string;
}

export interface ServiceOptions {
  command: string;
  args: string[];
  mark: string;
  /** Its output, added to. */
  logFile: string;
  answers(): Promise<boolean>;
  /** Told at once, before the server answers: an interrupted start must leave something that can be stopped. */
  started(service: Service): void;
  env?: NodeJS.ProcessEnv;
}

/** Starts a server that outlives this process, and waits until it answers. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { command, args, mark, logFile, answers, started, env = process.env } = options;
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
  started(service);
  for (let tries = 0; tries < 300 && !ended; tries++) {
    if (await answers()) {
      return service;
    }
    await sleep(100);
  }
  await stopService(service);
  const words = readFileSync(logFile, "utf8").trim().split("\n").slice(-8).join("\n");
  throw new Error(`${command} did not start; its last output, from ${logFile}:\n${words}`);
}

/** Whether a service that was started still runs. */
export function isRunning({ pid, mark }: Service): boolean {
  try {
    const { state, commandLine } = existsSync("/proc/self/stat") ? fromProc(pid) : fromPs(pid);
    return state !== "Z" && commandLine.includes(mark);
  } catch {
    return false;
  }
}

function fromProc(pid: number) {
  return {
    state: readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0],
    commandLine: readFileSync(`/proc/${pid}/cmdline`, "utf8"),
  };
}

function fromPs(pid: number) {
  const line = execFileSync("ps", ["-ww", "-o", "stat=,command=", "-p", String(pid)], { encoding: "utf8" }).trim();
  return { state: line[0], commandLine: line };
}

/** Stops a service by its process number, if that is still the service, and waits for its end. */
export async function stopService(service: Service): Promise<void> {
  for (let tries = 0; isRunning(service); tries++) {
    if (tries % 100 === 0) {
      signal(service.pid, tries === 0 ? "SIGTERM" : "SIGKILL");
    }
    await sleep(100);
  }
}

/** Signals a process, unless it has ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It may have ended since it was looked at.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
      throw error;
    }
  }
}
