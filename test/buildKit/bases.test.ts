import { farms } from "../support/buildKit";
import { LONG } from "../support/long";
import { imagesOf, liveAMonth, Monorepo } from "../support/monorepo";

const BUILD = { builder: "BuildKit", builderName: "farm" };
const ENV = { DOCKER_HOST: "unix:///nonexistent.sock", DOCKER_CONFIG: farms.one };

describe("images built on images by BuildKit", () => {
  let monorepo: Monorepo;

  beforeEach(() => {
    monorepo = new Monorepo(BUILD, ENV, (argument) => `FROM ${argument.toLowerCase()}`);
  });

  afterEach(() => monorepo.dispose());

  it("follow their bases, named contexts, and no others", async () => {
    const stack = monorepo.stack("dev");
    imagesOf(await stack.up());
    monorepo.builds();
    await monorepo.change("runtime").up(stack, { runtime: 1, api: 1 });
  });

  if (LONG) {
    it("follow them for a month of a monorepo", async function () {
      this.timeout(900_000);
      await liveAMonth(monorepo);
    });
  }
});
