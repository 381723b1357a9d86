import { setTimeout as sleep } from "node:timers/promises";

/** What an interrupt (Ctrl-C) can come into the middle of. */
export interface Step {
  /** What it is that goes on at the moment, such as "api is being built"; undefined if it is known that nothing does any more. */
  what: string | undefined;
}

/** Tells people of an interrupt, and of all that goes on. */
export type SayInterrupted = (goingOn: string[]) => Promise<void>;

/** The Pulumi CLI kills a program five seconds after it has interrupted it. In milliseconds. */
const GRACE = 4_000;

/** What is short, such as to set a tag, comes to its end within that, and is not worth a word. In milliseconds. */
const SHORT = 2_000;

const going = new Set<Step>();

let listener: (() => void) | undefined;

/**
 * Does a step of an update. If the process is interrupted meanwhile, as by the engine when another resource fails, it has a moment to come to
 * its end before the process ends as it would have. What takes longer is said.
 */
export async function interruptibly<T>(step: Step, say: SayInterrupted, work: () => Promise<T>): Promise<T> {
  going.add(step);
  if (listener === undefined) {
    listener = () => void interrupted(say);
    process.once("SIGINT", listener);
  }
  try {
    return await work();
  } finally {
    going.delete(step);
    if (going.size === 0 && listener !== undefined) {
      process.off("SIGINT", listener);
      listener = undefined;
    }
  }
}

async function interrupted(say: SayInterrupted): Promise<void> {
  const began = performance.now();
  await ended(began + SHORT);
  if (goingOn().length > 0) {
    // Whether it can be said or not, the process is to end.
    const saying = say(goingOn()).catch(() => {});
    await Promise.race([saying, sleep(GRACE - SHORT)]);
  }
  await ended(began + GRACE);
  // Where nobody else listens, the process ends as one that never listened.
  if (process.listenerCount("SIGINT") === 0) {
    process.kill(process.pid, "SIGINT");
  }
}

/** Waits until nothing goes on any more, but no longer than until then. */
async function ended(limit: number): Promise<void> {
  while (goingOn().length > 0 && performance.now() < limit) {
    await sleep(100);
  }
}

function goingOn(): string[] {
  return [...going].flatMap(({ what }) => what ?? []);
}
