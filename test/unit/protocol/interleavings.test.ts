import * as assert from "node:assert/strict";
import { VersionedImageError } from "../../../components/errors";
import { type Ports, publishVersion } from "../../../components/protocol";
import { type Choice, inEveryOrder } from "./schedule";
import { Actor, type Gate, isRead, TAG, ungated, World } from "./world";

/** What became of a put that was not answered. */
type Fault = "lost" | "done";

/** What the version's tag was given, and what became of each actor. */
interface Run {
  world: World;
  actors: Actor[];
  /** What each was handed, and how often the tag had been given something by then. */
  handed: Map<string, { digest: string | undefined; writes: number }>;
}

/** What touches the version's tag; all else of one actor makes no difference to the others. */
const isStep = (call: string) => call.endsWith(TAG);

/** Two publishers and an adopter, in every order of what they do with the tag. No test here waits for a clock. */
describe("publishing a version in every order", function () {
  this.timeout(60_000);

  /** Runs actors in every order. Each publishes, but one that is called adopter: it uses what is there, if it is. */
  async function everyOrder(
    names: string[],
    { immutable = false, ticks = 0, fault }: { immutable?: boolean; ticks?: number; fault?: Fault } = {},
  ): Promise<{ runs: number; late: number }> {
    let late = 0;
    const runs = await inEveryOrder({
      make: (clock) => {
        const world = new World(clock);
        world.immutable = immutable;
        const run: Run = { world, actors: names.map((name) => new Actor(world, name)), handed: new Map() };
        const acts = run.actors.map((actor) => [actor.name, (gate: Gate) => act(actor, gate, run, fault)] as const);
        return { actors: Object.fromEntries(acts), check: run };
      },
      isStep,
      isRead,
      tick: { milliseconds: 450, times: ticks },
      check: async ({ check, trace }) => {
        late += assertAgreed(check, trace) ? 1 : 0;
        await assertSettled(check, trace);
      },
    });
    console.log(`      ${runs} orders, in ${late} of them one was late by more than a moment`);
    return { runs, late };
  }

  async function act(actor: Actor, gate: Gate, { world, handed }: Run, fault?: Fault): Promise<void> {
    actor.gate = gate;
    const mayBuild = actor.name !== "adopter";
    const ports = actor.name === "one" && fault ? withFault(actor.ports(), fault) : actor.ports();
    const published = await publishVersion({ ...actor.version, mayBuild }, ports).catch((error) => {
      if (!mayBuild && error instanceof VersionedImageError && error.code === "NotPublished") {
        return undefined;
      }
      throw error;
    });
    if (published) {
      handed.set(actor.name, { digest: published.digest, writes: world.given.length });
    }
  }

  /** The first put is not answered, whether it was done or not. */
  function withFault(ports: Ports, fault: Fault): Ports {
    let isFirst = true;
    const inOneTurn: Ports["registry"]["inOneTurn"] = (work) =>
      ports.registry.inOneTurn((strict) =>
        work({
          ...strict,
          put: async (tag, content) => {
            if (!isFirst) {
              return strict.put(tag, content);
            }
            isFirst = false;
            const answer = fault === "lost" ? undefined : await strict.put(tag, content);
            return answer?.kind === "refused" ? answer : { kind: "unanswered", why: "cut", retryAfterMs: undefined };
          },
        }),
      );
    return { ...ports, registry: { ...ports.registry, inOneTurn } };
  }

  /**
   * Without a warning all were handed what the tag serves, and it was not written after that. Who was late by more than a moment warns, was handed
   * what the tag serves, and may have written over what others were handed before.
   */
  function assertAgreed({ world, actors, handed }: Run, trace: Choice[]): boolean {
    const served = world.tags.get(TAG);
    const isLate = actors.some(({ warnings }) => warnings.length > 0);
    for (const { name, warnings } of actors) {
      const got = handed.get(name);
      if (got && (!isLate || warnings.length > 0)) {
        assert.deepEqual(got, { digest: served, writes: world.given.length }, `${name} of ${trace.join("\n")}`);
      }
    }
    assert.ok(handed.size >= actors.length - 1, trace.join("\n"));
    return isLate;
  }

  /** The next update of each takes what is served, builds nothing and writes nothing, whatever had happened. */
  async function assertSettled({ world, actors }: Run, trace: Choice[]): Promise<void> {
    const [served, writes] = [world.tags.get(TAG), world.given.length];
    for (const actor of actors) {
      const builds = actor.builds;
      actor.gate = ungated;
      const { digest } = (await publishVersion(actor.version, actor.ports())) ?? {};
      assert.deepEqual([digest, actor.builds, world.given.length], [served, builds, writes], trace.join("\n"));
    }
  }

  for (const immutable of [false, true]) {
    describe(`with ${immutable ? "immutable" : "mutable"} tags`, () => {
      it("two publishers: one digest, and nothing is written after it was handed on", async () => {
        const { runs, late } = await everyOrder(["one", "two"], { immutable, ticks: 1 });
        assert.ok(runs > 1_000 && (immutable || late > 0));
      });

      it("two publishers and an adopter", async () => {
        const { runs } = await everyOrder(["one", "two", "adopter"], { immutable });
        assert.ok(runs > 1_000);
      });

      for (const fault of ["lost", "done"] as const) {
        it(`two publishers, of whom one's put is not answered, and is ${fault}`, async () => {
          const { runs } = await everyOrder(["one", "two"], { immutable, ticks: 1, fault });
          assert.ok(runs > 500);
        });
      }
    });
  }
});
