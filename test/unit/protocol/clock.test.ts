import * as assert from "node:assert/strict";
import { createClock } from "../../../components/protocol";

describe("a publication's clock", () => {
  const times = { monotonic: 5_000, day: 1_700_000_000_000 };
  const rows: [string, { monotonic: number; day: number }, number][] = [
    ["counts", { monotonic: 300, day: 300 }, 300],
    [
      "counts the time for which the machine slept, of which the process's own clock knows nothing",
      { monotonic: 10, day: 7_000 },
      7_000,
    ],
    ["does not go back with the day's that is set back", { monotonic: 200, day: -3_600_000 }, 200],
    [
      "takes the day's that is set forward for a sleep: that is waited for, with a limit",
      { monotonic: 200, day: 3_600_000 },
      3_600_000,
    ],
  ];
  for (const [what, gone, counted] of rows) {
    it(what, () => {
      const now = { ...times };
      const clock = createClock(
        () => now.monotonic,
        () => now.day,
      );
      const before = clock.now();
      now.monotonic += gone.monotonic;
      now.day += gone.day;
      assert.equal(clock.now() - before, counted);
      now.monotonic += 100;
      now.day += 100;
      // What was missed once is not counted twice. The machine may sleep after the day's clock was set, too.
      assert.equal(clock.now() - before, counted + 100);
      now.day += 9_000;
      assert.equal(clock.now() - before, counted + 9_100);
    });
  }
});
