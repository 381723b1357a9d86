import type { Gate } from "./world";

/** Somebody who does something step by step, and may only go on when it is chosen. */
interface Waiting {
  call: string;
  /** When it may go on; 0 for at once. */
  from: number;
  go(): void;
}

/** What can be chosen from: whose step it is, or that time goes by. */
export type Choice = string;

/**
 * Runs actors in every order of their steps that makes a difference: after each step all that is possible next is tried. A step is a call of a port
 * that `isStep` names; others are done at once. Who sleeps goes on when the time has come, and time goes by to the next such moment, or by `tick`
 * milliseconds, so often at the most. Two steps in a row that `isRead` names find the same in either order: of the two orders one is run.
 */
export async function inEveryOrder<T>(options: {
  make(clock: { now: number }): { actors: Record<string, (gate: Gate) => Promise<unknown>>; check: T };
  isStep(call: string): boolean;
  isRead(call: string): boolean;
  tick: { milliseconds: number; times: number };
  check(run: { check: T; trace: Choice[] }): Promise<void>;
}): Promise<number> {
  const { make, isStep, isRead, tick, check } = options;
  let runs = 0;
  /** The choices of the run, and how many there were to choose from at each. */
  let path: { chosen: number; of: number }[] = [];
  for (;;) {
    const clock = { now: 0 };
    const { actors, check: checked } = make(clock);
    const waiting = new Map<string, Waiting>();
    const ended = new Set<string>();
    const failures: unknown[] = [];
    for (const [name, act] of Object.entries(actors)) {
      const gate: Gate = (call) => {
        const [, slept] = /^sleep (\d+(?:\.\d+)?)$/.exec(call) ?? [];
        if (slept === undefined && !isStep(call)) {
          return Promise.resolve();
        }
        return new Promise((resolve) => waiting.set(name, { call, from: clock.now + Number(slept ?? 0), go: resolve }));
      };
      act(gate)
        .catch((error) => failures.push(error))
        .finally(() => ended.add(name));
    }
    const trace: Choice[] = [];
    let ticks = 0;
    /** Who could have read in place of the last step, itself a read, and comes before its actor by name: the other order of the two is run. */
    let passedOver: string[] = [];
    let isRepeated = false;
    for (let depth = 0; ; depth++) {
      await new Promise(setImmediate);
      if (failures.length > 0) {
        throw new Error(`after ${trace.join(", ")}`, { cause: failures[0] });
      }
      if (ended.size === Object.keys(actors).length) {
        break;
      }
      const ready = [...waiting].filter(([, { from }]) => from <= clock.now).map(([name]) => name);
      const next = Math.min(...[...waiting.values()].map(({ from }) => from).filter((from) => from > clock.now));
      const choices: Choice[] = [
        ...ready.filter((name) => !passedOver.includes(name)),
        ...(Number.isFinite(next) ? ["until the next wakes"] : []),
        ...(ticks < tick.times ? ["a tick"] : []),
      ];
      if (choices.length === 0) {
        isRepeated = true;
        break;
      }
      path[depth] ??= { chosen: 0, of: choices.length };
      const choice = choices[path[depth]?.chosen ?? 0] as Choice;
      const chosen = waiting.get(choice);
      const reads = (name: string) => isRead(waiting.get(name)?.call ?? "");
      passedOver = chosen && reads(choice) ? ready.filter((name) => name < choice && reads(name)) : [];
      if (chosen) {
        waiting.delete(choice);
        trace.push(`${choice}: ${chosen.call}`);
        chosen.go();
      } else if (choice === "a tick") {
        ticks++;
        clock.now += tick.milliseconds;
        trace.push(`+${tick.milliseconds} ms`);
      } else {
        clock.now = next;
        trace.push(`at ${next} ms`);
      }
    }
    if (!isRepeated) {
      await check({ check: checked, trace });
      runs++;
    }
    // The last choice that has others left is made otherwise, and all after that anew.
    while (path.length > 0 && (path.at(-1) as { chosen: number; of: number }).chosen === (path.at(-1)?.of ?? 0) - 1) {
      path.pop();
    }
    if (path.length === 0) {
      return runs;
    }
    path = path.map((entry, index) => (index === path.length - 1 ? { ...entry, chosen: entry.chosen + 1 } : entry));
  }
}
