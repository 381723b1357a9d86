import { liveAMonth, Monorepo } from "../support/monorepo";

describe("images built on images", () => {
  it("follow their bases for a month of a monorepo", async function () {
    this.timeout(900_000);
    const monorepo = new Monorepo({}, {});
    try {
      await liveAMonth(monorepo);
    } finally {
      monorepo.dispose();
    }
  });
});
