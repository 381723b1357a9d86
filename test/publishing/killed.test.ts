import * as assert from "node:assert/strict";
import { kill } from "../support/kill";
import { converge, noteServed, surviveKills } from "../support/killedUpdates";
import { changes, imageProject, imageStack } from "../support/project";
import { registry } from "../support/registry";
import { RegistryProxy } from "../support/registryProxy";

/** How many updates are killed; the long run sets VERSIONED_IMAGE_KILLS. */
const KILLS = Number(process.env.VERSIONED_IMAGE_KILLS ?? 4);
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);

/** Promise 4: whatever is killed, whenever, the next update converges without a person. */
describe("a production tag 4. when updates are killed", () => {
  it(`keeps its digest, and the next update converges: ${KILLS} kills, seed ${SEED}`, async function () {
    this.timeout(60_000 + KILLS * 60_000);
    const project = imageProject();
    const repository = registry.repository("killed");
    const stack = imageStack(project, { repository });
    try {
      await surviveKills(stack, project, repository, KILLS, SEED);
    } finally {
      stack.forget();
      project.dispose();
    }
  });

  for (const victim of ["program", "engine"] as const) {
    it(`is set by the next update where the ${victim} is killed between content and tag`, async () => {
      const project = imageProject();
      const proxy = await RegistryProxy.start({});
      const behind = `${registry.host}/${registry.repository("between").split("/")[1]}`;
      const stack = imageStack(project, { repository: behind.replace(registry.host, proxy.host) });
      const served = new Map<string, string>();
      try {
        const pushed = proxy.nextContent();
        const running = stack.start("up");
        await Promise.race([pushed, running.result]);
        assert.equal(kill(running, victim), true);
        await running.result;
        await noteServed(behind, served);
        await converge(stack);
        await noteServed(behind, served);
        assert.deepEqual([...served.keys()], [project.head().slice(0, 7)]);
        assert.deepEqual(changes(await stack.up()), {});
      } finally {
        stack.forget();
        project.dispose();
        await proxy.stop();
      }
    });
  }
});
