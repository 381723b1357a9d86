import * as assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { descendants } from "../../scripts/setup/processes";
import { imageProject, imageStack } from "../support/project";
import { registry } from "../support/registry";
import type { Running, TestStack } from "../support/stack";

/** How many updates are killed; the long run sets VERSIONED_IMAGE_KILLS. */
const KILLS = Number(process.env.VERSIONED_IMAGE_KILLS ?? 6);
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);
/** How long after its start a process is killed at the latest, in milliseconds; the provider's life is short. */
const LIFE = { program: 3_000, engine: 3_000, provider: 600 };

/** Who is killed, in turn. */
const VICTIMS = {
  program: /test\/support\/operation\.ts/,
  engine: /^pulumi (up|update) |\/pulumi up /,
  provider: /pulumi-resource-docker|docker\/main\.ts/,
};

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
        const victim = Object.keys(VICTIMS)[round % 3] as keyof typeof VICTIMS;
        if (await killAtRandom(running, victim, random)) {
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
});

/** Waits until the victim lives, then for a random time, and kills it; false if the update ended before. */
async function killAtRandom(running: Running, victim: keyof typeof VICTIMS, random: () => number): Promise<boolean> {
  const find = () => descendants(running.process.pid ?? 0).find(({ command }) => VICTIMS[victim].test(command));
  while (running.process.exitCode === null && !find()) {
    await sleep(20);
  }
  await sleep(random() * LIFE[victim]);
  const found = running.process.exitCode === null ? find() : undefined;
  if (!found) {
    return false;
  }
  process.kill(found.pid, "SIGKILL");
  return true;
}

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

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
