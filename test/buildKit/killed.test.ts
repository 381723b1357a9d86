import { farmStack } from "../support/buildKit";
import { surviveKills } from "../support/killedUpdates";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";

/** How many updates are killed; the long run sets VERSIONED_IMAGE_KILLS. */
const KILLS = Number(process.env.VERSIONED_IMAGE_KILLS ?? 1);
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
