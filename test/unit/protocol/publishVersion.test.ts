import * as assert from "node:assert/strict";
import type { ErrorCode } from "../../../components/errors";
import {
  type Built,
  type Ports,
  type Publication,
  publishVersion,
  type RegistryPort,
} from "../../../components/protocol";
import type { Labelled, Look, Put } from "../../../components/registry";
import { errorOf } from "../../support/assertError";
import { sha256 } from "../registry/setup";
import { Actor, contentOf, labelledText, TAG, World } from "./world";

const BUILT = sha256("one 88d38d9 1");
const OURS = sha256(labelledText("one 88d38d9 1"));
const THEIRS = sha256(labelledText("two"));

/** What a publication comes to. */
type Expected =
  | { digest: string; calls: string[]; warned?: string }
  | { error: ErrorCode; says: RegExp; calls: string[] };

const FOUND = ["look 88d38d9", "read scratch-one", "build scratch-one", `read ${BUILT}`];
const LABELLED = [...FOUND, `label ${BUILT}`];
const TURN = ["turn: look 88d38d9", "turn: put 88d38d9"];
const AFTER = ["sleep 1000", "look 88d38d9"];
const RELEASED = ["move scratch-one", "record"];
const THEIRS_USED = [`read ${THEIRS}`, ...RELEASED];

/** Every answer at every step of a publication, all else being well. The types see to it that none is forgotten. */
describe("publishing a version", () => {
  let world: World;
  let calls: string[];
  let one: Actor;

  beforeEach(() => {
    world = new World();
    calls = [];
    one = new Actor(world, "one", async (call) => {
      calls.push(call);
    });
  });

  /** Runs a publication in which the n-th call of one kind in the turn, or another call, is answered so. */
  async function expectOf(expected: Expected, overrides: Partial<RegistryPort> = {}, built?: Partial<Built>) {
    const ports = one.ports(overrides);
    const build: Ports["build"] = async (ask) => ({ ...((await ports.build(ask)) as Built), ...built });
    const publish = () => publishVersion(one.version, { ...ports, ...(built && { build }) });
    if ("error" in expected) {
      assert.match(await errorOf(expected.error, publish), expected.says);
      assert.deepEqual(calls, expected.calls);
      return;
    }
    assert.equal((await publish())?.digest, expected.digest);
    assert.deepEqual(calls, expected.calls);
    assert.deepEqual(one.warnings, expected.warned === undefined ? [] : [expected.warned]);
  }

  /** The strict calls, of which the first answers given are these. */
  function answering({ looks = [], puts = [] }: { looks?: Look[]; puts?: Put[] }): Pick<RegistryPort, "inOneTurn"> {
    const { registry } = one.ports();
    return {
      inOneTurn: (work) =>
        registry.inOneTurn((strict) =>
          work({
            look: async (tag) => {
              const there = await strict.look(tag);
              return looks.shift() ?? there;
            },
            put: async (tag, content) => {
              const given = puts.shift();
              calls.push(...(given ? [`turn: put ${tag}`] : []));
              return given ?? strict.put(tag, content);
            },
          }),
        ),
    };
  }

  const theyTag = () => world.set(TAG, world.add(labelledText("two")));

  describe("that the registry has", () => {
    it("is used as it is where it was used before: one question", async () => {
      theyTag();
      one.last = { spec: one.version.spec, digest: THEIRS, pushed: undefined };
      await expectOf({ digest: THEIRS, calls: ["look 88d38d9", "record"] });
    });

    it("is read again a moment later where it is new to the caller", async () => {
      theyTag();
      await expectOf({ digest: THEIRS, calls: ["look 88d38d9", "sleep 1000", "look 88d38d9", "record"] });
    });

    it("is published where it is gone a moment later", async () => {
      theyTag();
      const { registry } = one.ports();
      let looks = 0;
      const look: RegistryPort["look"] = async (reference) => {
        const there = await registry.look(reference);
        if (reference === TAG && ++looks === 2) {
          world.tags.delete(TAG);
          return undefined;
        }
        return there;
      };
      await expectOf(
        { digest: OURS, calls: ["look 88d38d9", "sleep 1000", ...LABELLED, ...TURN, ...AFTER, ...RELEASED] },
        { look },
      );
    });
  });

  it("that the registry lacks, and may not be built: NotPublished", async () => {
    const version = { ...one.version, mayBuild: false };
    await errorOf("NotPublished", () => publishVersion(version, one.ports()));
    assert.deepEqual(calls, ["look 88d38d9"]);
  });

  it("that the caller leaves out: nothing is written, nor recorded", async () => {
    assert.equal(await publishVersion(one.version, { ...one.ports(), build: async () => undefined }), undefined);
    assert.deepEqual(calls, ["look 88d38d9"]);
  });

  describe("what the builder has pushed", () => {
    const config = sha256("config");
    const manifest = contentOf(JSON.stringify({ config: { digest: config } }));
    const unknown = sha256("a digest that the registry never had");
    const done = (digest: string) => [`label ${digest}`, ...TURN, ...AFTER, ...RELEASED];
    const looked = ["look 88d38d9", "read scratch-one", "build scratch-one", `read ${unknown}`, "read scratch-one"];

    function pushes(content = manifest): void {
      world.add(content.bytes.toString());
      const gate = one.gate;
      one.gate = async (call) => {
        await gate(call);
        if (call === `read ${unknown}`) {
          world.tags.set("scratch-one", content.digest);
        }
      };
    }

    for (const [what, id] of Object.entries({ configuration: config, manifest: manifest.digest })) {
      it(`is found by the scratch tag where the daemon has built the ${what} that it names`, async () => {
        pushes();
        const digest = sha256(labelledText(manifest.bytes.toString()));
        const calls = [...looked, ...done(manifest.digest)];
        await expectOf({ digest, calls }, {}, { digest: unknown, imageId: async () => id });
      });
    }

    it("is not what the scratch tag serves of another run: ContentLost", async () => {
      pushes();
      const says = new RegExp(`${unknown}.*scratch-one points to an image other than ${OURS}.*run \`pulumi up\``);
      await expectOf({ error: "ContentLost", says, calls: looked }, {}, { digest: unknown, imageId: async () => OURS });
    });

    it("is not what the scratch tag serves that is no manifest: ContentLost", async () => {
      pushes(contentOf("<html>"));
      const says = /scratch-one points to an image other than/;
      await expectOf({ error: "ContentLost", says, calls: looked }, {}, { digest: unknown, imageId: async () => OURS });
    });

    it("is not taken from the scratch tag where nobody says what was built: ContentLost", async () => {
      pushes();
      const says = /docker image inspect.* does not report what was built/;
      await expectOf({ error: "ContentLost", says, calls: looked }, {}, { digest: unknown });
    });

    it("is nowhere: ContentLost", async () => {
      const calls = ["look 88d38d9", "read scratch-one", "build scratch-one", `read ${unknown}`];
      const says = /was pushed, but the registry does not have it/;
      await expectOf({ error: "ContentLost", says, calls }, {}, { digest: unknown, tag: undefined });
    });

    it("has its labels and no scratch tag: neither is asked for", async () => {
      const calls = [
        "look 88d38d9",
        "read scratch-one",
        "build scratch-one",
        `read ${BUILT}`,
        ...TURN,
        ...AFTER,
        "record",
      ];
      await expectOf({ digest: BUILT, calls }, {}, { isLabelled: true, tag: undefined });
    });
  });

  describe("labels that are", () => {
    const rows: Record<Labelled["kind"], [Labelled, Expected]> = {
      labelled: [
        { kind: "labelled", content: contentOf(labelledText("one 88d38d9 1")) },
        { digest: OURS, calls: [...FOUND, ...TURN, ...AFTER, ...RELEASED] },
      ],
      absent: [{ kind: "absent" }, { error: "ContentLost", says: /no longer has it/, calls: FOUND }],
      refused: [
        { kind: "refused", status: 413, words: "too big" },
        {
          error: "PushRefused",
          says: /refuses to store it with labels \(status 413: too big\)\. Nothing was tagged/,
          calls: FOUND,
        },
      ],
    };
    for (const [kind, [answer, expected]] of Object.entries(rows)) {
      it(kind, async () => {
        world.add(labelledText("one 88d38d9 1"));
        await expectOf(expected, { label: async () => answer });
      });
    }
  });

  describe("a last look that says", () => {
    const again = "turn: look 88d38d9";
    const rows: Record<Look["kind"], [Look, Expected]> = {
      absent: [{ kind: "absent" }, { digest: OURS, calls: [...LABELLED, ...TURN, ...AFTER, ...RELEASED] }],
      there: [
        { kind: "there", digest: THEIRS },
        { digest: THEIRS, calls: [...LABELLED, again, ...AFTER, ...THEIRS_USED] },
      ],
      unanswered: [
        { kind: "unanswered", why: "503", retryAfterMs: undefined },
        { digest: OURS, calls: [...LABELLED, again, "sleep 500", ...TURN, ...AFTER, ...RELEASED] },
      ],
      loginEnded: [
        { kind: "loginEnded" },
        { digest: OURS, calls: [...LABELLED, again, ...TURN, ...AFTER, ...RELEASED] },
      ],
    };
    for (const [kind, [answer, expected]] of Object.entries(rows)) {
      it(kind, async () => {
        if (answer.kind === "there") {
          one.gate = meanwhile("turn: look 88d38d9", theyTag);
        }
        await expectOf(expected, answering({ looks: [answer] }));
      });
    }
  });

  /** Something that happens just before a call is done. */
  function meanwhile(when: string, happen: () => unknown) {
    return async (call: string) => {
      calls.push(call);
      if (call === when) {
        happen();
      }
    };
  }

  describe("a put that is", () => {
    const rows: Record<Put["kind"], [Put, Expected]> = {
      tagged: [
        { kind: "tagged" },
        { error: "ContentLost", says: /a moment later/, calls: [...LABELLED, ...TURN, ...AFTER] },
      ],
      refused: [
        { kind: "refused", status: 403, words: "DENIED: no" },
        { error: "TagRefused", says: /\(status 403: DENIED: no\)/, calls: [...LABELLED, ...TURN, "look 88d38d9"] },
      ],
      unanswered: [
        { kind: "unanswered", why: "503", retryAfterMs: 6_000 },
        { digest: OURS, calls: [...LABELLED, ...TURN, "sleep 6000", ...TURN, ...AFTER, ...RELEASED] },
      ],
      loginEnded: [
        { kind: "loginEnded" },
        { digest: OURS, calls: [...LABELLED, ...TURN, ...TURN, ...AFTER, ...RELEASED] },
      ],
    };
    for (const [kind, [answer, expected]] of Object.entries(rows)) {
      it(`${kind}, and did nothing`, async () => {
        await expectOf(expected, answering({ puts: [answer] }));
      });

      it(`${kind}, and was done all the same`, async () => {
        const { registry } = one.ports();
        const done: Pick<RegistryPort, "inOneTurn"> = {
          inOneTurn: (work) =>
            registry.inOneTurn((strict) =>
              work({
                ...strict,
                put: async (tag, content) => {
                  await strict.put(tag, content);
                  return answer;
                },
              }),
            ),
        };
        const once: Record<Put["kind"], string[]> = {
          tagged: AFTER,
          refused: ["look 88d38d9", ...AFTER],
          unanswered: ["sleep 6000", "turn: look 88d38d9", ...AFTER],
          loginEnded: ["turn: look 88d38d9", ...AFTER],
        };
        await expectOf({ digest: OURS, calls: [...LABELLED, ...TURN, ...once[answer.kind], ...RELEASED] }, done);
        assert.deepEqual(world.given, [OURS]);
      });

      it(`${kind}, and another has tagged meanwhile: nothing is written over it`, async () => {
        const theirs: Record<Put["kind"], string[]> = {
          // The registry's word is taken until the tag is read.
          tagged: AFTER,
          refused: ["look 88d38d9", ...AFTER],
          unanswered: ["sleep 6000", "turn: look 88d38d9", ...AFTER],
          loginEnded: ["turn: look 88d38d9", ...AFTER],
        };
        const answers = answering({ puts: [answer] });
        const inOneTurn: RegistryPort["inOneTurn"] = (work) =>
          answers.inOneTurn(work).then((end) => {
            if (!world.tags.has(TAG)) {
              theyTag();
            }
            return end;
          });
        await expectOf(
          { digest: THEIRS, calls: [...LABELLED, ...TURN, ...theirs[answer.kind], ...THEIRS_USED] },
          { inOneTurn },
        );
        assert.deepEqual(world.given, [THEIRS]);
      });
    }
  });

  it("refused for another reason while two others set the tag: what stays is used", async () => {
    const puts: Put[] = [{ kind: "refused", status: 403, words: "DENIED: over quota" }];
    const [first, last] = ["two", "three"].map((name) => world.add(labelledText(name)));
    let looks = 0;
    one.gate = async (call) => {
      // The third had looked before the second set it, and sets it within a moment.
      looks += call === "look 88d38d9" ? 1 : 0;
      if (call === "look 88d38d9" && looks > 1) {
        world.set(TAG, (looks === 2 ? first : last) as string);
      }
    };
    const published = await publishVersion(one.version, one.ports(answering({ puts })));
    assert.deepEqual([published?.digest, world.tags.get(TAG)], [last, last]);
  });

  describe("a registry that is slow", () => {
    /** Each look takes so long. */
    function looksTaking(milliseconds: number, putTaking = 0): Pick<RegistryPort, "inOneTurn"> {
      const { registry } = one.ports();
      return {
        inOneTurn: (work) =>
          registry.inOneTurn((strict) =>
            work({
              look: async (tag) => {
                const seen = await strict.look(tag);
                world.clock.now += milliseconds;
                return seen;
              },
              put: async (tag, content) => {
                world.clock.now += putTaking;
                return strict.put(tag, content);
              },
            }),
          ),
      };
    }
    const look = "turn: look 88d38d9";
    const put = "turn: put 88d38d9";
    const late = (gap: number) =>
      `h.example/app:88d38d9: the tag was set ${gap} ms after it was last seen absent. If another stack set it in between, that was overwritten, and the ` +
      "stack uses this image from its next update. Immutable tags in the registry prevent that.";

    it("by half a moment at the most is taken at its word, and read back after four times that", async () => {
      const calls = [...LABELLED, look, put, "sleep 2000", "look 88d38d9", ...RELEASED];
      await expectOf({ digest: OURS, calls }, looksTaking(500));
    });

    it("always is asked six times, put after the last, and the gap is said", async () => {
      const calls = [...LABELLED, look, look, look, look, look, look, put, "sleep 2400", "look 88d38d9", ...RELEASED];
      await expectOf({ digest: OURS, calls }, looksTaking(600));
      calls.splice(0);
      world = new World();
    });

    it("by more than a moment is waited for, with a warning", async () => {
      const calls = [...LABELLED, look, put, "sleep 4800", "look 88d38d9", ...RELEASED];
      await expectOf({ digest: OURS, calls, warned: late(1_200) }, looksTaking(200, 1_000));
    });

    it("by an hour, as a clock that was set says, is not waited for four hours", async () => {
      const calls = [...LABELLED, look, put, "sleep 80000", "look 88d38d9", ...RELEASED];
      await expectOf({ digest: OURS, calls, warned: late(3_600_000) }, looksTaking(0, 3_600_000));
    });
  });

  it("is undecided after six looks that were not answered, and can be gone on from", async () => {
    const why = "the registry did not answer";
    const looks = Array.from({ length: 6 }, (): Look => ({ kind: "unanswered", why, retryAfterMs: undefined }));
    const look = "turn: look 88d38d9";
    const sleeps = [500, 1000, 2000, 4000, 4000].flatMap((milliseconds) => [look, `sleep ${milliseconds}`]);
    await expectOf(
      {
        error: "RegistryUnavailable",
        says: /88d38d9 may not have been set: the registry did not answer\. Its content is pushed/,
        calls: [...LABELLED, ...sleeps, look, ...AFTER],
      },
      answering({ looks }),
    );
    assert.equal((await publishVersion(one.version, one.ports()))?.digest, sha256(labelledText("one 88d38d9 2")));
  });

  it("refuses what the tag serves where nothing proves that it is this version", async () => {
    one.gate = meanwhile("turn: look 88d38d9", () => world.set(TAG, world.add("not ours")));
    await assert.rejects(publishVersion(one.version, one.ports()), /is not proven/);
  });

  it("knows whether what the tag serves has taken the place of its own", async () => {
    const proven: (string | undefined)[] = [];
    const published = async (when: string) => {
      world.tags.delete(TAG);
      one.gate = meanwhile(when, () => world.set(TAG, world.add("not ours")));
      const version = { ...one.version, prove: async (_: string, ours: string | undefined) => void proven.push(ours) };
      await publishVersion(version, one.ports());
    };
    await published("turn: look 88d38d9");
    await published("sleep 1000");
    assert.deepEqual(proven, [undefined, sha256(labelledText("one 88d38d9 2"))]);
  });

  it("remembers what it pushed", async () => {
    const published = (await publishVersion(one.version, one.ports())) as Publication & { kind: "published" };
    assert.deepEqual(published, {
      kind: "published",
      digest: OURS,
      labelled: OURS,
      pushed: { tag: "scratch-one", digest: BUILT },
      byAnother: false,
    });
  });
});
