import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../../../components/args";
import { VersionedImageError } from "../../../components/errors";
import {
  checkReleaseTags,
  type Expected,
  type Releasing,
  releaseTagsOf,
  releasingOf,
  setReleaseTags,
} from "../../../components/protocol";
import { resolveReleaseTags } from "../../../components/publish/releaseTags";
import { unknownOutput } from "../../../components/pulumi/outputs";
import { TagPolicy } from "../../../components/version";
import { appVersion } from "../../support/appVersion";
import { errorOf } from "../../support/assertError";
import { fakeRegistries } from "../../support/fakeRegistry";
import { DIRTY, digestOf, REVISION, shelf, TREE } from "../cli/setup";
import { client } from "../registry/setup";
import { type Choice, inEveryOrder } from "./schedule";
import { Actor, type Gate, isRead, REPOSITORY, TAG, World } from "./world";

const RELEASE = "v1.4.0";

describe("releaseTags", () => {
  it("names tags, each once", () => {
    assert.deepEqual(releaseTagsOf([], {}), []);
    assert.deepEqual(releaseTagsOf([RELEASE, "2024-autumn", RELEASE], { alsoTag: ["latest"] }), [
      RELEASE,
      "2024-autumn",
    ]);
  });

  for (const [tag, others, why] of [
    ["a/b", {}, 'releaseTags: "a/b" is not a tag: use letters, digits, _, . and -.'],
    [
      TAG,
      {},
      `releaseTags: ${TAG} looks like a version's tag, which is set only when that version is published: use another name.`,
    ],
    ["88d38d9-debug", {}, /88d38d9-debug looks like a version/],
    ["20241130", {}, /20241130 looks like a version/],
    ["git-88d38d9", { tagPrefix: "git-" }, /git-88d38d9 looks like a version/],
    [`sha256-${"0".repeat(64)}.sig`, {}, /\.sig is reserved for the signatures of a digest/],
    ["scratch-dev-0123456789ab", {}, /scratch-dev-0123456789ab looks like a version/],
    ["stable", { alsoTag: ["stable"] }, /^releaseTags: stable is also in alsoTag/],
  ] as const) {
    it(`refuses ${tag} with ${JSON.stringify(others)}`, async () => {
      const message = await errorOf("InvalidArgument", async () =>
        releaseTagsOf([tag], others as Parameters<typeof releaseTagsOf>[1]),
      );
      typeof why === "string" ? assert.equal(message, why) : assert.match(message, why);
    });
  }

  const resolve = (args: Partial<VersionedImageArgs>) => resolveReleaseTags({ context: "app", ...args });

  it("may be Outputs, of which a preview knows what it can", async () => {
    assert.deepEqual(await resolve({}), { known: [], areKnown: true });
    const known = { releaseTags: [pulumi.output(RELEASE), "v1"] };
    assert.deepEqual(await resolve(known), { known: [RELEASE, "v1"], areKnown: true });
    const unknown = { releaseTags: [unknownOutput<string>(), "v1"] };
    assert.deepEqual(await resolve(unknown), { known: ["v1"], areKnown: false });
    const nothing = { releaseTags: [pulumi.output(undefined as unknown as string)] };
    assert.match(await errorOf("InvalidArgument", () => resolve(nothing)), /"" is not a tag/);
  });

  it("are for no debug image, nor for a stack that may not publish", async () => {
    const message = (args: Partial<VersionedImageArgs>) =>
      errorOf("InvalidArgument", () => resolve({ releaseTags: [RELEASE], ...args }));
    assert.match(await message({ debug: true }), /a debug image is not a release/);
    assert.match(await message({ publish: false }), /publish is false, so this stack can't set releaseTags/);
    assert.deepEqual(await resolve({ debug: true, releaseTags: [] }), { known: [], areKnown: true });
  });
});

/** Whose refusal names what was found. */
function releasing(tags = [RELEASE]): Releasing {
  return {
    repository: REPOSITORY,
    spec: `${REPOSITORY}:${TAG}`,
    tags,
    command: "pulumi up",
    refuse: async (tag, served, digest) => {
      throw new VersionedImageError("ReleaseTagTaken", `${tag} ${served} ${digest}`);
    },
  };
}

describe("setting release tags", () => {
  let world: World;
  let actor: Actor;
  let digest: string;

  beforeEach(() => {
    world = new World();
    actor = new Actor(world, "one");
    digest = world.add("one");
  });

  it("sets what is absent, and says which that were", async () => {
    world.tags.set("v1", digest);
    assert.deepEqual(await setReleaseTags(releasing([RELEASE, "v1"]), digest, actor.ports()), [RELEASE]);
    assert.deepEqual(
      [...world.tags],
      [
        ["v1", digest],
        [RELEASE, digest],
      ],
    );
    assert.deepEqual(await setReleaseTags(releasing([RELEASE, "v1"]), digest, actor.ports()), []);
  });

  it("sets none if one of them serves another image", async () => {
    const other = world.add("other");
    world.tags.set("v1", other);
    const set = () => setReleaseTags(releasing([RELEASE, "v1"]), digest, actor.ports());
    assert.equal(await errorOf("ReleaseTagTaken", set), `v1 ${other} ${digest}`);
    assert.deepEqual([...world.tags], [["v1", other]]);
  });

  it("asks for nothing where there are none", async () => {
    const calls: string[] = [];
    actor.gate = async (call) => void calls.push(call);
    assert.deepEqual(await setReleaseTags(releasing([]), digest, actor.ports()), []);
    assert.deepEqual(calls, []);
  });

  it("refuses one that is there before the version is", async () => {
    assert.deepEqual(await checkReleaseTags(releasing(), undefined, actor.ports()), [RELEASE]);
    world.tags.set(RELEASE, digest);
    const check = () => checkReleaseTags(releasing(), undefined, actor.ports());
    assert.equal(await errorOf("ReleaseTagTaken", check), `${RELEASE} ${digest} undefined`);
  });

  it("says that the version is gone", async () => {
    const lost = `sha256:${"0".repeat(64)}`;
    assert.match(
      await errorOf("ContentLost", () => setReleaseTags(releasing(), lost, actor.ports())),
      /, the content of h\.example\/app:88d38d9, was published, but the registry no longer has it/,
    );
  });
});

/** In every order of what two stacks do with one release tag. No test here waits for a clock. */
describe("setting a release tag in every order", function () {
  this.timeout(60_000);

  interface Run {
    world: World;
    actors: Actor[];
    /** What each released; undefined if it was refused. */
    released: Map<string, string | undefined>;
  }

  /** What each releases is its own content, or one for all. */
  async function everyOrder(
    { immutable, content }: { immutable: boolean; content?: string },
    check: (run: Run, isLate: boolean, trace: Choice[]) => void,
  ): Promise<number> {
    return inEveryOrder<Run>({
      make: (clock) => {
        const world = new World(clock);
        world.immutable = immutable;
        const run: Run = { world, actors: ["one", "two"].map((name) => new Actor(world, name)), released: new Map() };
        const act = async (actor: Actor, gate: Gate) => {
          actor.gate = gate;
          const digest = world.add(content ?? actor.name);
          try {
            await setReleaseTags(releasing(), digest, actor.ports());
            run.released.set(actor.name, digest);
          } catch (error) {
            assert.ok(error instanceof VersionedImageError && error.code === "ReleaseTagTaken", String(error));
            run.released.set(actor.name, undefined);
          }
        };
        return {
          actors: Object.fromEntries(run.actors.map((actor) => [actor.name, (gate: Gate) => act(actor, gate)])),
          check: run,
        };
      },
      isStep: (call) => call.endsWith(RELEASE),
      isRead,
      tick: { milliseconds: 450, times: 1 },
      check: async ({ check: run, trace }) => {
        check(
          run,
          run.actors.some(({ warnings }) => warnings.length > 0),
          trace,
        );
      },
    });
  }

  for (const immutable of [false, true]) {
    describe(`with ${immutable ? "immutable" : "mutable"} tags`, () => {
      it("two versions: one has it, and the other is refused", async () => {
        const runs = await everyOrder({ immutable }, ({ world, released }, isLate, trace) => {
          const have = [...released.values()].filter((digest) => digest !== undefined);
          const served = world.tags.get(RELEASE);
          // Who was late by more than a moment says so, and may have written over the other's.
          assert.deepEqual(isLate ? have.filter((digest) => digest === served) : have, [served], trace.join("\n"));
        });
        assert.ok(runs > 100, String(runs));
      });

      it("one version of two stacks: both have it", async () => {
        const runs = await everyOrder({ immutable, content: "same" }, ({ world, released }, _, trace) => {
          const served = world.tags.get(RELEASE);
          assert.deepEqual([...released.values()], [served, served], trace.join("\n"));
        });
        assert.ok(runs > 100, String(runs));
      });
    });
  }
});

describe("a release tag that is taken", () => {
  const start = fakeRegistries();
  const [COMMIT, OTHER, TREE_HASH] = ["88d38d9".padEnd(40, "0"), "1".repeat(40), "2".repeat(40)];
  const OWN = { [REVISION]: COMMIT, [TREE]: TREE_HASH };

  /** What is said of it where the version has a digest, or none yet. */
  async function said(labels: Record<string, string>, digest: string | undefined) {
    const registry = await start(shelf([{ tags: [RELEASE], labels }]));
    const repository = `${registry.host}/app`;
    const expected = {
      version: appVersion(TAG, COMMIT, TREE_HASH),
      tagPolicy: TagPolicy.Commit,
      platforms: ["linux/amd64"],
      fingerprint: undefined,
    } satisfies Expected;
    const target = { repository, spec: `${repository}:${TAG}`, registry: client() };
    const { refuse } = releasingOf(target, expected, [RELEASE], "pulumi up");
    const served = await digestOf(registry, RELEASE);
    const message = await errorOf("ReleaseTagTaken", () => refuse(RELEASE, served, digest));
    return message.replaceAll(repository, "REPOSITORY").replaceAll(served, "SERVED");
  }

  const NEXT =
    "A release tag never moves. Give this version another release tag, or none. To use the released image, set revision to its " +
    "commit.";

  it("names the commit of the image that has it", async () => {
    const own = `sha256:${"3".repeat(64)}`;
    assert.equal(
      await said({ ...OWN, [REVISION]: OTHER }, own),
      `REPOSITORY:v1.4.0 is in the registry already (SERVED, an image of commit ${OTHER}), and REPOSITORY:${TAG} is another image, ${own} ` +
        `(commit ${COMMIT}). ${NEXT}`,
    );
    assert.match(
      await said(OWN, own),
      new RegExp(`an image of commit ${COMMIT}\\), and REPOSITORY:${TAG} is another image`),
    );
  });

  it("says so of a version that is not published yet", async () => {
    assert.equal(
      await said({}, undefined),
      `REPOSITORY:v1.4.0 is in the registry already (SERVED, whose labels name no commit), and REPOSITORY:${TAG} is not published yet ` +
        `(commit ${COMMIT}). ${NEXT}`,
    );
    assert.match(await said({ ...OWN, [DIRTY]: "true" }, undefined), /is not published yet/);
  });

  it("has the version itself put back, whose own tag was lost", async () => {
    assert.equal(
      await said(OWN, undefined),
      `By its labels, REPOSITORY:v1.4.0 is this version's image (SERVED), but the registry lost REPOSITORY:${TAG}. Nothing was built, ` +
        `since that could give a different image. Restore the tag with \`docker buildx imagetools create --prefer-index=false --tag REPOSITORY:${TAG} ` +
        "REPOSITORY@SERVED`, then run `pulumi up` again, and check that the registry's clean-up keeps images that are in use.",
    );
  });

  it("says that it holds no image", async () => {
    const registry = await start(({ url }) =>
      url.includes("/manifests/")
        ? { status: 200, headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" }, body: "{}" }
        : { status: 404 },
    );
    const repository = `${registry.host}/app`;
    const target = { repository, spec: `${repository}:${TAG}`, registry: client() };
    const { refuse } = releasingOf(target, { version: { commit: COMMIT } } as Expected, [RELEASE], "pulumi up");
    const empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert.match(
      await errorOf("ReleaseTagTaken", () => refuse(RELEASE, empty, undefined)),
      /\(sha256:44136\w+, which is not a readable image\)/,
    );
  });
});
