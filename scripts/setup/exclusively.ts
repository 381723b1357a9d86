import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./say";

/** Runs work while no other process runs the same. */
export async function exclusively<T>(lockFile: string, what: string, work: () => Promise<T>): Promise<T> {
  const release = await acquire(lockFile, what);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Waits until no other process holds the lock; one whose process has ended is taken over. Returns what gives it up. */
export async function acquire(lockFile: string, what: string): Promise<() => Promise<void>> {
  let told = false;
  while (!(await tryLock(lockFile))) {
    const owner = Number(await readFile(lockFile, "utf8").catch(() => ""));
    if (owner > 0 && !isAlive(owner)) {
      await rm(lockFile, { force: true });
      continue;
    }
    if (!told) {
      say(
        `${what}: another run (process ${owner}) is doing this; waiting for it. If it is not running, delete ${lockFile}.`,
      );
      told = true;
    }
    await sleep(500);
  }
  return () => rm(lockFile, { force: true });
}

async function tryLock(lockFile: string): Promise<boolean> {
  try {
    await writeFile(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw error;
  }
}

/** Whether there is a process of that number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
