import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./ports";

/** A day's clock that is so far behind was set back, in milliseconds; less is what two clocks differ by. */
const SET_BACK = 50;

/**
 * The clock of a process does not count while the machine sleeps, and that of the day can be set: what either of them says to have gone by has
 * gone by.
 */
export function createClock(monotonic = () => performance.now(), day = () => Date.now()): Clock {
  const start = monotonic();
  let dayStart = day();
  let missed = 0;
  return {
    now() {
      const ahead = day() - dayStart - (monotonic() - start + missed);
      missed += Math.max(0, ahead);
      if (ahead < -SET_BACK) {
        // From here on it tells again for how long the machine slept.
        dayStart += ahead;
      }
      return monotonic() - start + missed;
    },
    sleep: async (milliseconds) => sleep(milliseconds),
  };
}
