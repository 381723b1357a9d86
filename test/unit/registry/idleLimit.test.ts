import * as assert from "node:assert/strict";
import { mock } from "node:test";
import { IdleLimit } from "../../../components/registry/idleLimit";

const SECOND = 1_000;

async function* once(): AsyncGenerator<Buffer> {
  yield Buffer.from("all");
}

describe("the limit of a request whose body goes as it comes", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  for (const way of ["to", "from"] as const) {
    it(`ends one where the other side stands still (${way})`, async () => {
      const limit = new IdleLimit(SECOND);
      const chunks = limit[way](once());
      await chunks.next();
      await chunks.next();
      mock.timers.tick(12 * SECOND);
      assert.equal(limit.signal.aborted, true);
    });

    it(`has no clock that goes on where the request ends before the body is read to its end (${way})`, async () => {
      const limit = new IdleLimit(SECOND);
      const chunks = limit[way](once());
      await chunks.next();
      limit.end();
      await chunks.next();
      mock.timers.tick(60 * SECOND);
      assert.equal(limit.signal.aborted, false);
    });
  }
});
