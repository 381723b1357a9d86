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

const going = new Set<Step>();

let listener: (() => void) | undefined;

/**
 * Does a step of an update. If the process is interrupted meanwhile, what goes on is said, and has a moment to come to its end before the
 * process ends as it would have.
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
  const limit = performance.now() + GRACE;
  if (goingOn().length > 0) {
    // Whether it can be said or not, the process is to end.
    const saying = say(goingOn()).catch(() => {});
    await Promise.race([saying, sleep(GRACE)]);
  }
  while (goingOn().length > 0 && performance.now() < limit) {
    await sleep(100);
  }
  // Where nobody else listens, the process ends as one that never listened.
  if (process.listenerCount("SIGINT") === 0) {
    process.kill(process.pid, "SIGINT");
  }
}

function goingOn(): string[] {
  return [...going].flatMap(({ what }) => what ?? []);
}
