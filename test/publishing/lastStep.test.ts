import * as assert from "node:assert/strict";
import { slowHelper, WriteLogin } from "../support/login";
import { LONG } from "../support/long";
import { always, busy, losesBlob, once } from "../support/moods";
import { OwnDaemon } from "../support/ownDaemon";
import { changes, errorsOn, type Image, imageProject, imageStack, succeeded, warningsOn } from "../support/project";
import { registry } from "../support/registry";
import { type Behaviour, denial, type ProxyOptions, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** How long a slow credential helper takes, in seconds: longer than two others take to look, tag and read back. */
const SLOW = 2.5;

/** A scene of the long form: test/unit asserts in process each request of it. */
const long = LONG ? it : () => {};

/** Between the look that says that a tag is free and the tag that is set, everything happens that can. */
describe("the last step of a publication", () => {
  const disposables: (() => unknown)[] = [];
  let other: OwnDaemon;

  before(async function () {
    if (!OwnDaemon.isAvailable("containerd")) {
      console.log("      left out: only root, with dockerd, can start a second Docker daemon");
      this.skip();
    }
    other = await OwnDaemon.start("containerd");
  });

  after(() => other?.stop());

  afterEach(async () => {
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  function project(): Repo {
    const source = imageProject();
    disposables.push(() => source.dispose());
    return source;
  }

  async function proxyWith(options: ProxyOptions): Promise<RegistryProxy> {
    const proxy = await RegistryProxy.start(options);
    disposables.push(() => proxy.stop());
    return proxy;
  }

  /** Two stacks of one commit, each with a daemon and a line to the registry of its own. */
  interface Pair {
    /** What both lines lead to; it keeps the ledger. */
    common: RegistryProxy;
    one: Side;
    two: Side;
  }

  interface Side {
    line: RegistryProxy;
    stack: TestStack;
  }

  /** `helperSeconds`: how long the first one's credential helper takes. */
  async function pair(moods: Behaviour[] = [], helperSeconds = 0): Promise<Pair> {
    const source = project();
    const clone = source.clone();
    disposables.push(() => clone.dispose());
    const common = await proxyWith({ moods });
    const name = registry.repository("last").slice(registry.host.length + 1);
    const side = async (from: Repo, seconds: number, env: NodeJS.ProcessEnv): Promise<Side> => {
      const line = await proxyWith({ upstream: common.host });
      const helper = slowHelper(line.host, seconds);
      const repository = `${line.host}/${name}`;
      const stack = imageStack(from, { repository }, { env: { ...helper.env, ...env } });
      disposables.push(() => helper.dispose());
      disposables.push(() => stack.forget());
      return { line, stack };
    };
    return {
      common,
      one: await side(source, helperSeconds, {}),
      two: await side(clone, 0, { DOCKER_HOST: other.host }),
    };
  }

  /**
   * Updates both, which come to their last looks at the same time: the second one's is answered as soon as the first one begins to set
   * the tag. `apart`: how the first one fares with its line. Returns what each of them was handed.
   */
  async function race({ one, two }: Pair, apart: Behaviour[] = []): Promise<[Result, Result]> {
    one.line.moods.push(...apart);
    const [ready, begun] = [two.line.done("content"), one.line.asked("tag")];
    holdLook(one.line, ready);
    holdLook(two.line, begun);
    const results = await Promise.all([one.stack.up(), two.stack.up()]);
    assert.ok(one.line.counts.tag, results[0].text);
    return results;
  }

  /** Keeps back the first look at the tag after the content is pushed. */
  function holdLook(line: RegistryProxy, until: Promise<void>): void {
    void line.done("content").then(() => line.moods.push(once("look", { before: until })));
  }

  async function assertAgreed({ common, one, two }: Pair, results: [Result, Result]): Promise<void> {
    const [first, second] = results.map(succeeded) as [Image, Image];
    assert.equal(first.digest, second.digest);
    assert.equal(common.written.at(-1)?.digest, first.digest);
    for (const { stack } of [one, two]) {
      const again = await stack.up();
      assert.deepEqual(changes(again), {});
      assert.equal(succeeded(again).digest, first.digest);
    }
    assert.equal(common.written.at(-1)?.digest, first.digest);
  }

  for (const [what, mood, played] of [
    ["a line that breaks", { instead: "close" }, it],
    ["503, Retry-After: 6", busy(503, 6), long],
    ["429", busy(429), long],
  ] as const) {
    played(`sets no tag again after ${what}, which another stack has set meanwhile`, async () => {
      const two = await pair();
      // Until the other one has read back what it has set, at least.
      const readBack = two.two.line.done("tag").then(() => two.two.line.done("look"));
      await assertAgreed(two, await race(two, [once("tag", { ...mood, before: readBack })]));
      assert.equal(two.common.counts.tag, 1);
    });
  }

  for (const scheme of ["Basic", "Bearer"] as const) {
    long(
      `is logged in before its last look, where reads are anonymous and the helper is slow (${scheme})`,
      async () => {
        const two = await pair([new WriteLogin(scheme).behaviour], SLOW);
        await assertAgreed(two, await race(two));
      },
    );
  }

  long("looks again where the token has ended that it was to set the tag with", async () => {
    const login = new WriteLogin("Bearer");
    const two = await pair([login.behaviour]);
    await assertAgreed(two, await race(two, [login.endTokenAtTag()]));
  });

  long("publishes where the registry always takes 600 ms to say that a tag is free", async () => {
    const { common, one } = await pair();
    one.line.moods.push(always("look", { after: 600 }));
    const image = succeeded(await one.stack.up());
    assert.equal(image.outcome, "published");
    assert.deepEqual(
      common.written.map(({ digest }) => digest),
      [image.digest],
    );
    assert.deepEqual(changes(await one.stack.up()), {});
  });

  it("warns where its tag was applied too late to be called back; the other one takes what is served, and builds nothing", async () => {
    const both = await pair();
    const { common, one, two } = both;
    const readBack = two.line.done("tag").then(() => two.line.done("look"));
    const [late, early] = await race(both, [once("tag", { before: readBack })]);
    const [overwrote, before] = [succeeded(late), succeeded(early)];
    assert.notEqual(overwrote.digest, before.digest);
    assert.deepEqual(
      common.written.map(({ digest }) => digest),
      [before.digest, overwrote.digest],
    );
    assert.deepEqual(warningsOn(early, "app"), []);
    assert.deepEqual(
      warningsOn(late, "app").map((warning) => warning.replace(/ \d+ ms /, " N ms ")),
      [
        `${overwrote.spec}: the tag was set N ms after it was last seen absent. If another stack set it in between, that was overwritten, and the ` +
          "stack uses this image from its next update. Immutable tags in the registry prevent that.",
      ],
    );
    const builds = two.line.counts.content;
    const next = succeeded(await two.stack.up());
    assert.deepEqual([next.digest, two.line.counts.content], [overwrote.digest, builds]);
    for (const { stack } of [one, two]) {
      assert.deepEqual(changes(await stack.up()), {});
    }
    assert.equal(common.written.length, 2);
  });

  long("puts its configuration again where the registry has lost it before the manifest came", async () => {
    const { common, one } = await pair();
    one.line.moods.push(losesBlob());
    const image = succeeded(await one.stack.up());
    assert.deepEqual(
      common.written.map(({ digest }) => digest),
      [image.digest],
    );
    assert.equal(one.line.counts.manifest, 2);
    assert.deepEqual(changes(await one.stack.up()), {});
  });

  it("ends with an error where the registry takes no upload or no manifest; nothing is written, and the next update converges", async () => {
    const { common, one } = await pair();
    for (const kind of ["upload", "manifest"] as const) {
      one.line.moods.splice(0, Number.POSITIVE_INFINITY, ({ byDaemon, ...asked }) =>
        asked.kind === kind && !byDaemon ? { instead: denial(403, "DENIED", `no ${kind} from you`) } : undefined,
      );
      const refused = await one.stack.up();
      assert.equal(refused.succeeded, false, refused.text);
      assert.equal(errorsOn(refused, "app").length, 1, refused.text);
      assert.match(errorsOn(refused, "app")[0] ?? "", new RegExp(`no ${kind} from you.*\\[[A-Za-z]+\\]$`, "s"));
      assert.equal(common.written.length, 0);
    }
    one.line.moods.splice(0);
    const image = succeeded(await one.stack.up());
    assert.equal(common.written.at(-1)?.digest, image.digest);
    assert.deepEqual(changes(await one.stack.up()), {});
  });
});
