import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./ports";

/**
 * The clock of a process does not count while the machine sleeps, and that of the day can be set: what either of them says to have gone by has
 * gone by.
 */
export function createClock(monotonic = () => performance.now(), day = () => Date.now()): Clock {
  const [start, dayStart] = [monotonic(), day()];
  let missed = 0;
  return {
    now() {
      const counted = monotonic() - start + missed;
      missed += Math.max(0, day() - dayStart - counted);
      return monotonic() - start + missed;
    },
    sleep: async (milliseconds) => sleep(milliseconds),
  };
}
