import * as assert from "node:assert/strict";
import { publishVersion } from "../../../components/protocol";
import { Actor, TAG, ungated, World } from "./world";

/** The rest of a process's life: nothing it began is gone on with. */
class Killed extends Error {}

/** What the stack has been through before. */
const PASTS: Record<string, (one: Actor, world: World) => Promise<void>> = {
  "a new stack": async () => {},
  "a stack that published before": async (one) => publishAs(one, "1111111"),
  "a stack that published twice before": async (one) => {
    await publishAs(one, "1111111");
    await publishAs(one, "2222222");
  },
  "a stack whose state was lost": async (one) => {
    await publishAs(one, "1111111");
    one.last = undefined;
  },
  "a stack that the release before has published": async (one, world) => {
    const digest = world.add("labelled in the Dockerfile");
    world.set("scratch-one", digest);
    world.set("1111111", digest);
    one.last = { spec: "h.example/app:1111111", digest, pushed: undefined };
  },
  "a stack whose scratch tag was deleted": async (one, world) => {
    await publishAs(one, "1111111");
    world.tags.delete("scratch-one");
  },
};

async function publishAs(actor: Actor, tag: string): Promise<void> {
  actor.tag = tag;
  await publishVersion(actor.version, actor.ports());
  actor.tag = TAG;
}

/** A kill at each call of a port: the next run converges, and the one after that has nothing to do. */
describe("publishing a version that is killed", () => {
  for (const immutable of [false, true]) {
    for (const [past, live] of Object.entries(PASTS)) {
      it(`at any call, once and twice, by ${past}, with ${immutable ? "immutable" : "mutable"} tags`, async () => {
        const calls = await callsOf(live, immutable);
        for (let first = 0; first < calls; first++) {
          for (let second = 0; second <= calls; second++) {
            await converges(live, immutable, [first, second]);
          }
        }
      });
    }
  }

  async function callsOf(live: (one: Actor, world: World) => Promise<void>, immutable: boolean): Promise<number> {
    let calls = 0;
    const one = await lived(live, immutable);
    one.gate = async () => {
      calls++;
    };
    await publishVersion(one.version, one.ports());
    assert.ok(calls > 8);
    return calls;
  }

  async function lived(live: (one: Actor, world: World) => Promise<void>, immutable: boolean): Promise<Actor> {
    const world = new World();
    world.immutable = immutable;
    const one = new Actor(world, "one");
    await live(one, world);
    return one;
  }

  async function converges(live: (one: Actor, world: World) => Promise<void>, immutable: boolean, kills: number[]) {
    const one = await lived(live, immutable);
    for (const kill of kills) {
      let calls = 0;
      one.gate = async () => {
        if (calls++ === kill) {
          throw new Killed();
        }
      };
      await publishVersion(one.version, one.ports()).catch((error) => assert.ok(error instanceof Killed, error));
    }
    one.gate = ungated;
    const published = await publishVersion(one.version, one.ports());
    assert.equal(published?.digest, one.world.tags.get(TAG), `killed at ${kills}`);
    const builds = one.builds;
    assert.equal((await publishVersion(one.version, one.ports()))?.kind, "adopted");
    assert.deepEqual([one.builds, one.world.given], [builds, [published?.digest]], `killed at ${kills}`);
    // What comes after it is not stuck either.
    await publishAs(one, "3333333");
    await publishAs(one, "4444444");
  }
});

describe("the scratch tag", () => {
  const versions = ["1111111", "2222222", "3333333", "4444444"];

  it("is one alone where tags can be moved, and keeps nothing of its own", async () => {
    const world = new World();
    const one = new Actor(world, "one");
    for (const version of versions) {
      await publishAs(one, version);
      assert.equal(world.tags.get("scratch-one"), world.tags.get(version));
    }
    assert.deepEqual(one.pushed, ["scratch-one", "scratch-one", "scratch-one", "scratch-one"]);
  });

  it("is a new one each time where they can't", async () => {
    const world = new World();
    world.immutable = true;
    const one = new Actor(world, "one");
    for (const version of versions) {
      await publishAs(one, version);
    }
    assert.deepEqual(one.pushed, ["scratch-one", "scratch-one-1", "scratch-one-2", "scratch-one-3"]);
  });

  it("is a new one each time once tags can't be moved any more, and the one again once they can", async () => {
    const world = new World();
    const one = new Actor(world, "one");
    for (const [version, immutable] of [...versions, "5555555"].map(
      (version) => [version, version === "2222222" || version === "3333333"] as const,
    )) {
      world.immutable = immutable;
      await publishAs(one, version);
      assert.equal(world.tags.get(version), one.last?.digest);
    }
    assert.deepEqual(one.pushed, ["scratch-one", "scratch-one-1", "scratch-one-2", "scratch-one", "scratch-one"]);
  });

  for (const [what, happen] of Object.entries({
    "that a state without a record finds": (one: Actor) => {
      one.last = undefined;
    },
    "that somebody has pushed over since": ({ world }: Actor) => {
      world.set("scratch-one", world.add("a killed run's daemon"));
    },
  })) {
    for (const immutable of [false, true]) {
      it(`${what} is used again if it can be moved, and left alone if it can't (${immutable ? "immutable" : "mutable"})`, async () => {
        const one = new Actor(new World(), "one");
        one.world.immutable = immutable;
        await publishAs(one, "1111111");
        one.world.immutable = false;
        happen(one);
        one.world.immutable = immutable;
        const there = one.world.tags.get("scratch-one");
        await publishAs(one, "2222222");
        assert.deepEqual(one.pushed, ["scratch-one", immutable ? "scratch-one-1" : "scratch-one"]);
        assert.equal(one.world.tags.get("scratch-one"), immutable ? there : one.world.tags.get("2222222"));
      });
    }
  }

  it("is used again where the registry has removed what was pushed last", async () => {
    const one = new Actor(new World(), "one");
    await publishAs(one, "1111111");
    one.world.contents.delete(one.last?.pushed?.digest ?? "");
    await publishAs(one, "2222222");
    assert.deepEqual(one.pushed, ["scratch-one", "scratch-one"]);
  });

  it("is one alone whatever builds fail in between", async () => {
    const one = new Actor(new World(), "one");
    for (const version of versions) {
      one.tag = version;
      const ports = {
        ...one.ports(),
        build: async (ask: () => Promise<string>) => Promise.reject(new Error(await ask())),
      };
      await assert.rejects(publishVersion(one.version, ports), /^Error: scratch-one$/);
      await publishAs(one, version);
    }
    assert.deepEqual(one.pushed, ["scratch-one", "scratch-one", "scratch-one", "scratch-one"]);
  });
});
