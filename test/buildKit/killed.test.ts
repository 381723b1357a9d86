import { farmStack } from "../support/buildKit";
import { surviveKills } from "../support/killedUpdates";
import { LONG } from "../support/long";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";

/** How many updates are killed at random moments. */
const KILLS = Number(process.env.VERSIONED_IMAGE_KILLS ?? (LONG ? 30 : 1));
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);

describe("a production tag that BuildKit publishes, when updates are killed", () => {
  it(`keeps its digest, and the next update converges: ${KILLS} kills, seed ${SEED}`, async function () {
    this.timeout(60_000 + KILLS * 60_000);
    const project = imageProject();
    const repository = registry.repository("killed");
    const stack = farmStack(project, { repository });
    try {
      await surviveKills(stack, project, repository, KILLS, SEED);
    } finally {
      stack.forget();
      project.dispose();
    }
  });
});
