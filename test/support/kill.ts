import { setTimeout as sleep } from "node:timers/promises";
import { descendants, type Process, processes } from "../../scripts/setup/processes";
import type { Running } from "./stack";

/** What an update consists of, by the command lines of its processes. */
const VICTIMS = {
  program: /test\/support\/operation\.ts/,
  engine: /^pulumi (up|update) |\/pulumi up /,
  provider: /pulumi-resource-docker|docker(-build)?\/main\.ts/,
};

/** Any provider. One whose engine has died looks for it every few minutes only, and ends then. */
export const PROVIDER = /pulumi-resource-|standins\/[\w-]+\/main\.ts/;

export type Victim = keyof typeof VICTIMS;

export const ALL_VICTIMS = Object.keys(VICTIMS) as Victim[];

/** Waits until the victim lives, or until the update has ended. */
export async function started(running: Running, victim: Victim): Promise<void> {
  while (running.process.exitCode === null && !find(running, victim)) {
    await sleep(20);
  }
}

/** Kills the victim; false if the update ended before. */
export function kill(running: Running, victim: Victim): boolean {
  const found = running.process.exitCode === null ? find(running, victim) : undefined;
  if (found) {
    process.kill(found.pid, "SIGKILL");
  }
  return found !== undefined;
}

/** Which of some processes live. */
export function alive(family: Process[]): Process[] {
  const now = new Map(processes().map(({ pid, command }) => [pid, command]));
  const known = new Map(family.map((each) => [each.pid, each]));
  return [...known.values()].filter(({ pid, command }) => now.get(pid) === command);
}

/** Kills those of some processes that live. */
export function killAll(family: Process[]): void {
  for (const { pid } of alive(family)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
        throw error;
      }
    }
  }
}

function find(running: Running, victim: Victim): Process | undefined {
  return descendants(running.process.pid ?? 0).find(({ command }) => VICTIMS[victim].test(command));
}
