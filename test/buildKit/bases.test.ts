import { farms } from "../support/buildKit";
import { liveAMonth, Monorepo } from "../support/monorepo";

const BUILD = { builder: "BuildKit", builderName: "farm" };
const ENV = { DOCKER_HOST: "unix:///nonexistent.sock", DOCKER_CONFIG: farms.one };

describe("images built on images by BuildKit", () => {
  it("follow their bases, named contexts, for a month of a monorepo", async function () {
    this.timeout(900_000);
    const monorepo = new Monorepo(BUILD, ENV, (argument) => `FROM ${argument.toLowerCase()}`);
    try {
      await liveAMonth(monorepo);
    } finally {
      monorepo.dispose();
    }
  });
});
