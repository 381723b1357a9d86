import { setTimeout as sleep } from "node:timers/promises";
import { descendants } from "../../scripts/setup/processes";
import type { Running } from "./stack";

/** What an update consists of, by the command lines of its processes. */
const VICTIMS = {
  program: /test\/support\/operation\.ts/,
  engine: /^pulumi (up|update) |\/pulumi up /,
  provider: /pulumi-resource-docker|docker\/main\.ts/,
};

export type Victim = keyof typeof VICTIMS;

export const ALL_VICTIMS = Object.keys(VICTIMS) as Victim[];

/** Waits until the victim lives, then for so many milliseconds, and kills it; false if the update ended before. */
export async function killAfter(running: Running, victim: Victim, delay: number): Promise<boolean> {
  const find = () => descendants(running.process.pid ?? 0).find(({ command }) => VICTIMS[victim].test(command));
  while (running.process.exitCode === null && !find()) {
    await sleep(20);
  }
  await sleep(delay);
  const found = running.process.exitCode === null ? find() : undefined;
  if (!found) {
    return false;
  }
  process.kill(found.pid, "SIGKILL");
  return true;
}
