import * as assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { kill, started, type Victim } from "./kill";
import { type Image, imagesOf } from "./project";
import { randomFrom } from "./random";
import { registry } from "./registry";
import type { Repo } from "./repo";
import type { TestStack } from "./stack";

/** How long after its start a process is killed at the latest, in milliseconds; the provider's life is short. */
const LIFE = { program: 3_000, engine: 3_000, provider: 600 };

/** In their order: few kills meet what nothing but they do. */
const VICTIMS: Victim[] = ["provider", "engine", "program"];

/** Updates of commit after commit, each killed at a random moment; the next one must converge, and no tag may change its digest. */
export async function surviveKills(stack: TestStack, project: Repo, repository: string, kills: number, seed: number) {
  const random = randomFrom(seed);
  const served = new Map<string, string>();
  const hit: Record<string, number> = {};
  let cancelled = 0;
  for (let round = 0; round < kills; round++) {
    project.write("app/main", `${round}\n`).add().commit(`Round ${round}`);
    const running = stack.start("up");
    const victim = VICTIMS[round % VICTIMS.length] as Victim;
    await started(running, victim);
    await sleep(random() * LIFE[victim]);
    if (kill(running, victim)) {
      hit[victim] = (hit[victim] ?? 0) + 1;
    }
    await running.result;
    await noteServed(repository, served);

    cancelled += (await converge(stack)).cancelled;
    await noteServed(repository, served);
    const tag = project.head().slice(0, 7);
    assert.ok(served.has(tag), `${tag} was not published`);
  }
  assert.equal(served.size, kills);
  console.log(
    `      ${kills} updates, killed ${JSON.stringify(hit)}, ${cancelled} locks cancelled, ${served.size} tags, 0 changed digests`,
  );
}

/** Runs one more update; where a killed engine left its lock, that is cancelled first, as Pulumi asks for. */
export async function converge(stack: TestStack): Promise<{ cancelled: number; images: Record<string, Image> }> {
  let result = await stack.up();
  let cancelled = 0;
  if (!result.succeeded && /currently locked/.test(result.text)) {
    stack.cancel();
    cancelled = 1;
    result = await stack.up();
  }
  const images = imagesOf(result);
  for (const { spec, digest } of Object.values(images)) {
    assert.equal(await registry.digest(spec), digest);
  }
  return { cancelled, images };
}

/** Every tag that was ever served must still serve the same digest. */
export async function noteServed(repository: string, served: Map<string, string>): Promise<void> {
  for (const tag of await registry.tags(repository)) {
    const digest = await registry.digest(`${repository}:${tag}`);
    assert.ok(digest);
    assert.equal(digest, served.get(tag) ?? digest, `${tag} changed its digest`);
    served.set(tag, digest);
  }
}
