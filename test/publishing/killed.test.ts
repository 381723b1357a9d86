import * as assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ALL_VICTIMS, kill, started, type Victim } from "../support/kill";
import { changes, imageProject, imageStack } from "../support/project";
import { randomFrom } from "../support/random";
import { registry } from "../support/registry";
import { RegistryProxy } from "../support/registryProxy";
import type { TestStack } from "../support/stack";

/** How many updates are killed; the long run sets VERSIONED_IMAGE_KILLS. */
const KILLS = Number(process.env.VERSIONED_IMAGE_KILLS ?? 4);
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);
/** How long after its start a process is killed at the latest, in milliseconds; the provider's life is short. */
const LIFE = { program: 3_000, engine: 3_000, provider: 600 };

/** Promise 4: whatever is killed, whenever, the next update converges without a person. */
describe("a production tag 4. when updates are killed", () => {
  it(`keeps its digest, and the next update converges: ${KILLS} kills, seed ${SEED}`, async function () {
    this.timeout(60_000 + KILLS * 60_000);
    const random = randomFrom(SEED);
    const project = imageProject();
    const repository = registry.repository("killed");
    const stack = imageStack(project, { repository });
    const served = new Map<string, string>();
    const hit: Record<string, number> = {};
    let cancelled = 0;
    try {
      for (let round = 0; round < KILLS; round++) {
        project.write("app/main", `${round}\n`).add().commit(`Round ${round}`);
        const running = stack.start("up");
        const victim = ALL_VICTIMS[round % 3] as Victim;
        await started(running, victim);
        await sleep(random() * LIFE[victim]);
        if (kill(running, victim)) {
          hit[victim] = (hit[victim] ?? 0) + 1;
        }
        await running.result;
        await note(repository, served);

        cancelled += await converge(stack);
        await note(repository, served);
        const tag = project.head().slice(0, 7);
        assert.ok(served.has(tag), `${tag} was not published`);
      }
      assert.equal(served.size, KILLS);
      console.log(
        `      ${KILLS} updates, killed ${JSON.stringify(hit)}, ${cancelled} locks cancelled, ${served.size} tags, 0 changed digests`,
      );
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
        await note(behind, served);
        await converge(stack);
        await note(behind, served);
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

/** Runs one more update; where a killed engine left its lock, that is cancelled first, as Pulumi asks for. */
async function converge(stack: TestStack): Promise<number> {
  let result = await stack.up();
  let cancelled = 0;
  if (!result.succeeded && /currently locked/.test(result.text)) {
    stack.cancel();
    cancelled = 1;
    result = await stack.up();
  }
  assert.equal(result.succeeded, true, result.text);
  const { spec, digest } = (result.outputs.images as { app: { spec: string; digest: string } }).app;
  assert.equal(await registry.digest(spec), digest);
  return cancelled;
}

/** Every tag that was ever served must still serve the same digest. */
async function note(repository: string, served: Map<string, string>): Promise<void> {
  for (const tag of await registry.tags(repository)) {
    const digest = await registry.digest(`${repository}:${tag}`);
    assert.ok(digest);
    assert.equal(digest, served.get(tag) ?? digest, `${tag} changed its digest`);
    served.set(tag, digest);
  }
}
