import timers = require("node:timers/promises");

/** How much shorter pauses get. */
const TIMES = 100;

/** Lets pauses, as those between tries of a request, end sooner within each test. Call it within `describe`. */
export function shortPauses(): void {
  const { setTimeout } = timers;

  beforeEach(() => {
    timers.setTimeout = ((milliseconds, ...more) =>
      setTimeout((milliseconds ?? 0) / TIMES, ...more)) as typeof setTimeout;
  });

  afterEach(() => {
    timers.setTimeout = setTimeout;
  });
}
