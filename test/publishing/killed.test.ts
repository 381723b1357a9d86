import * as assert from "node:assert/strict";
import { kill } from "../support/kill";
import { converge, noteServed, surviveKills } from "../support/killedUpdates";
import { LONG } from "../support/long";
import { once } from "../support/moods";
import { changes, imageProject, imageStack } from "../support/project";
import { registry } from "../support/registry";
import { type Kind, RegistryProxy } from "../support/registryProxy";

/** How many updates are killed at random moments. */
const KILLS = Number(process.env.VERSIONED_IMAGE_KILLS ?? (LONG ? 30 : 2));
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);

interface Step {
  name: string;
  requests: Kind[];
  victim: "program" | "engine";
}

/** Steps of a publication, each by what the registry has just done; who asked for it is killed before it hears of that. */
const STEPS: Step[] = [
  // The engine knows of a resource that it was making, or nothing of a tag that is there.
  { name: "the content is pushed", requests: ["content"], victim: "engine" },
  { name: "the tag is set", requests: ["content", "manifest", "tag"], victim: "program" },
];

/** Those between, at which test/unit/protocol kills without an engine. */
const BETWEEN: Step[] = [
  { name: "the content is pushed", requests: ["content"], victim: "program" },
  { name: "its configuration is there with labels", requests: ["content", "blob"], victim: "engine" },
  { name: "its manifest is there with labels", requests: ["content", "manifest"], victim: "program" },
  { name: "the tag is looked at for the last time", requests: ["content", "manifest", "look"], victim: "engine" },
];

/** Longer than it takes to kill, in milliseconds. */
const UNHEARD = 3_000;

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

  for (const { name, requests, victim } of LONG ? [...STEPS, ...BETWEEN] : STEPS) {
    it(`is set once and by the next update at the latest, where the ${victim} is killed when ${name}`, async () => {
      const project = imageProject();
      const proxy = await RegistryProxy.start();
      const behind = registry.repository("between");
      const stack = imageStack(project, { repository: behind.replace(registry.host, proxy.host) });
      const served = new Map<string, string>();
      try {
        const running = stack.start("up");
        const ended = running.result.then(() => assert.fail("the update ended before it could be killed"));
        for (const request of requests) {
          if (request === requests.at(-1) && request !== "content") {
            proxy.moods.unshift(once(request, { after: UNHEARD }));
          }
          await Promise.race([proxy.done(request), ended]);
        }
        assert.equal(kill(running, victim), true);
        await running.result;
        await noteServed(behind, served);
        await converge(stack);
        await noteServed(behind, served);
        const tag = project.head().slice(0, 7);
        assert.deepEqual([...served.keys()], [tag]);
        assert.deepEqual([...new Set(proxy.written.map(({ digest }) => digest))], [served.get(tag)]);
        assert.deepEqual(changes(await stack.up()), {});
      } finally {
        stack.forget();
        project.dispose();
        await proxy.stop();
      }
    });
  }
});
