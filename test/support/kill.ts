import { setTimeout as sleep } from "node:timers/promises";
import { descendants, type Process } from "../../scripts/setup/processes";
import type { Running } from "./stack";

/** What an update consists of, by the command lines of its processes. */
const VICTIMS = {
  program: /test\/support\/operation\.ts/,
  engine: /^pulumi (up|update) |\/pulumi up /,
  provider: /pulumi-resource-docker|docker\/main\.ts/,
};

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

function find(running: Running, victim: Victim): Process | undefined {
  return descendants(running.process.pid ?? 0).find(({ command }) => VICTIMS[victim].test(command));
}
