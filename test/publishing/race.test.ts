import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { slowHelper, WriteLogin } from "../support/login";
import { LONG } from "../support/long";
import { anyMood, hiddenUntilPush } from "../support/moods";
import { MORE_DAEMONS, OwnDaemon } from "../support/ownDaemon";
import {
  changes,
  errorsOn,
  imageConfig,
  imageProject,
  imageStack,
  infoOn,
  succeeded,
  warningsOn,
} from "../support/project";
import { randomFrom } from "../support/random";
import { registry } from "../support/registry";
import { type Entry, type ProxyOptions, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";
import { cli } from "../unit/cli/setup";

/** How often two stacks publish at the same time, with each kind of tags. */
const RACES = Number(process.env.VERSIONED_IMAGE_RACES ?? (LONG ? 20 : 1));
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);
/** How long a build takes, in seconds; more than nothing needs a static busybox. */
const BUILD_SECONDS = Number(process.env.VERSIONED_IMAGE_BUILD_SECONDS ?? 0);
const BUSYBOX = process.env.VERSIONED_IMAGE_BUSYBOX ?? "/bin/busybox";
/** How much later the second stack begins at the most, in milliseconds: within the first one's update. */
const OFFSET = 3_000 + BUILD_SECONDS * 1_000;
/** How long the credential helper takes, in seconds. */
const HELPER_SECONDS = 0.7;
/** What the second stack builds with. */
const OTHER = MORE_DAEMONS[0] ?? "containerd";

/** Promise 5: two stacks publish one commit at the same time, and both end with what the tag serves from then on. */
describe("a production tag 5. that another stack publishes meanwhile", () => {
  const disposables: (() => unknown)[] = [];
  let other: OwnDaemon | undefined;

  before(async () => {
    other = OwnDaemon.isAvailable(OTHER) ? await OwnDaemon.start(OTHER) : undefined;
  });

  after(() => other?.stop());

  afterEach(async () => {
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  function project(): Repo {
    const repository = imageProject();
    disposables.push(() => repository.dispose());
    return repository;
  }

  function stackOf(source: Repo, args: object, env: NodeJS.ProcessEnv = {}, name = "test"): TestStack {
    const stack = imageStack(source, args, { env, name });
    disposables.push(() => stack.forget());
    return stack;
  }

  async function proxyWith(options: ProxyOptions): Promise<RegistryProxy> {
    const proxy = await RegistryProxy.start(options);
    disposables.push(() => proxy.stop());
    return proxy;
  }

  /** Publishes by a first stack, past the proxy. Returns the name of the repository and the digest. */
  async function published(source: Repo): Promise<{ name: string; digest: string; spec: string }> {
    const repository = registry.repository("race");
    const { digest, spec } = succeeded(await stackOf(source, { repository }).up());
    return { name: repository.slice(repository.indexOf("/") + 1), digest, spec };
  }

  function lastInfo(result: Result): string | undefined {
    return infoOn(result, "app")
      .at(-1)
      ?.split(" ago): ")[1]
      ?.replace(/ in [\d.]+ s/, " in N s");
  }

  // Tags that can't be moved can't be written over anyway, and the last look sees theirs before any is set.
  for (const immutable of LONG ? ([undefined, 400, 409] as const) : [undefined]) {
    const how = immutable ? `tags that can't be moved (${immutable})` : "tags that can be moved";
    it(`while ours is built, with ${how}: theirs is used, and nothing is written over it`, async () => {
      const source = project();
      const { name, digest, spec } = await published(source);
      const proxy = await proxyWith({ moods: [hiddenUntilPush()], immutable });
      const repository = `${proxy.host}/${name}`;
      const stack = stackOf(source, { repository }, other && { DOCKER_HOST: other.host });
      const result = await stack.up();
      const image = succeeded(result);
      // Where there is no second daemon, the first one's cache gives the very same content.
      assert.deepEqual([image.digest, image.outcome], [digest, other ? "adopted" : "published"]);
      const used = `built in N s, but another stack tagged its image first, which is used: ${repository}@${digest}`;
      assert.equal(
        lastInfo(result),
        other ? used : `published in N s: ${repository}:${source.head().slice(0, 7)}@${digest}`,
      );
      assert.equal(await registry.digest(spec), digest);
      assert.deepEqual(proxy.written, []);
      assert.deepEqual(changes(await stack.up()), {});
    });
  }

  it("in a registry whose tags are immutable: works twice without a word, whatever immutableTags says", async () => {
    const source = project();
    const proxy = await proxyWith({ immutable: 400 });
    const repository = registry.repository("immutable").replace(registry.host, proxy.host);
    const stack = stackOf(source, { repository });
    let config = {};
    for (const [version, args] of [{}, {}, { immutableTags: true }, {}].entries()) {
      source.write("app/main", `${version}\n`).add().commit(`Version ${version}`);
      config = imageConfig({ repository, ...args });
      const result = await stack.up(config);
      const image = succeeded(result);
      assert.equal(image.outcome, "published");
      const step = version === 0 ? "create" : "update";
      const { app: _, ...own } = changes(result);
      assert.deepEqual(own, { "app-image": step, "app-record": step });
      assert.deepEqual(warningsOn(result, "app"), []);
      assert.equal(await registry.digest(image.spec), image.digest);
    }
    assert.deepEqual(changes(await stack.up(config)), {});
  });

  for (const immutable of [undefined, 400] as const) {
    const how = immutable ? "immutable" : "mutable";
    it(`at the same time, from two daemons, ${RACES} times with ${how} tags and a registry of any mood: both succeed with one digest, seed ${SEED}`, async function () {
      this.timeout(120_000 + RACES * 90_000);
      if (!other) {
        console.log(`      left out: only root, where it is installed, can start ${OTHER}`);
        this.skip();
      }
      const random = randomFrom(SEED);
      const proxy = await proxyWith({ immutable });
      const helper = slowHelper(proxy.host, HELPER_SECONDS);
      disposables.push(() => helper.dispose());
      const source = project();
      const args = {
        repository: registry.repository("both").replace(registry.host, proxy.host),
        // The second daemon has no network.
        ...(BUILD_SECONDS > 0 && { build: { network: "none" } }),
      };
      if (BUILD_SECONDS > 0) {
        const sleeping = `RUN ["/bin/busybox", "sleep", "${BUILD_SECONDS}"]`;
        source
          .write("app/busybox", readFileSync(BUSYBOX), 0o755)
          .write("app/Dockerfile", `FROM scratch\nCOPY busybox /bin/busybox\nCOPY main /\n${sleeping}\n`)
          .add()
          .commit("Sleep");
      }
      const clone = source.clone();
      disposables.push(() => clone.dispose());
      const one = stackOf(source, args, helper.env);
      const two = stackOf(clone, args, { ...helper.env, DOCKER_HOST: other.host }, "other");
      const outcomes: Record<string, number> = {};
      const handed: Entry[] = [];
      const update = async (stack: TestStack): Promise<void> => {
        const { spec, digest, outcome } = succeeded(await stack.up());
        handed.push({ spec: spec.slice(spec.indexOf("/") + 1), digest, at: performance.now() });
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      };
      for (let race = 0; race < RACES; race++) {
        source.write("app/main", `${race}\n`).add().commit(`Race ${race}`);
        clone.git("pull", "--quiet");
        proxy.moods.splice(0, Number.POSITIVE_INFINITY, ...weather(random));
        await Promise.all([update(one), sleep(random() * OFFSET).then(() => update(two))]);
        for (const stack of [one, two]) {
          assert.deepEqual(changes(await stack.up()), {});
        }
      }
      const together = await assertKept(proxy, handed);
      assert.equal(new Set(handed.map(({ spec }) => spec)).size, RACES);
      console.log(
        `      ${RACES} races, ${JSON.stringify(outcomes)}, ${proxy.refused} tags refused, ${together} set twice in one moment, ` +
          `${JSON.stringify(proxy.counts)}, 0 changed digests`,
      );
    });
  }

  if (LONG) {
    it(`by the command line while a stack does, ${RACES} times and with a registry of any mood: both succeed with one digest, seed ${SEED}`, async function () {
      this.timeout(120_000 + RACES * 90_000);
      if (!other) {
        console.log(`      left out: only root, where it is installed, can start ${OTHER}`);
        this.skip();
      }
      const random = randomFrom(SEED);
      const proxy = await proxyWith({});
      const helper = slowHelper(proxy.host, HELPER_SECONDS);
      disposables.push(() => helper.dispose());
      const source = project();
      const clone = source.clone();
      const home = process.cwd();
      disposables.push(() => {
        process.chdir(home);
        clone.dispose();
      });
      process.chdir(clone.directory);
      const repository = registry.repository("commands").replace(registry.host, proxy.host);
      const stack = stackOf(source, { repository }, helper.env);
      const outcomes: Record<string, number> = {};
      const handed: Entry[] = [];
      const hand = (spec: string, digest: string, outcome: string) => {
        handed.push({ spec: spec.slice(spec.indexOf("/") + 1), digest, at: performance.now() });
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      };
      const update = async () => {
        const { spec, digest, outcome } = succeeded(await stack.up());
        hand(spec, digest, `up ${outcome}`);
      };
      const publish = async () => {
        const env = { ...process.env, ...helper.env, DOCKER_HOST: other?.host };
        const { status, out, err } = await cli(["publish", "app", "--repository", repository, "--json"], { env });
        assert.equal(status, 0, err + out);
        const [{ tag, digest, outcome }] = JSON.parse(out).images;
        hand(`${repository}:${tag}`, digest, `publish ${outcome}`);
      };
      for (let race = 0; race < RACES; race++) {
        source.write("app/main", `${race}\n`).add().commit(`Race ${race}`);
        clone.git("pull", "--quiet");
        proxy.moods.splice(0, Number.POSITIVE_INFINITY, ...weather(random));
        await Promise.all([update(), sleep(random() * OFFSET).then(publish)]);
        assert.deepEqual(changes(await stack.up()), {});
      }
      await assertKept(proxy, handed);
      assert.equal(new Set(handed.map(({ spec }) => spec)).size, RACES);
      console.log(`      ${RACES} races, ${JSON.stringify(outcomes)}, 0 changed digests`);
    });
  }

  /** What the registry is like in one race. */
  function weather(random: () => number): ProxyOptions["moods"] & {} {
    const scheme = [undefined, "Basic", "Bearer"][Math.floor(random() * 3)] as "Basic" | "Bearer" | undefined;
    const login = scheme && new WriteLogin(scheme);
    const ended = login && random() < 0.5 ? [login.endTokenAtTag()] : [];
    return [...ended, ...(login ? [login.behaviour] : []), anyMood(random)];
  }

  /**
   * A tag serves what each update was handed: in the end, and from the end of the first one on, without a moment of anything else.
   * Returns how many tags were set to two digests, before anybody was handed one.
   */
  async function assertKept(proxy: RegistryProxy, handed: Entry[]): Promise<number> {
    let together = 0;
    for (const { spec, digest } of handed) {
      assert.equal(await registry.digest(`${registry.host}/${spec}`), digest, spec);
      const known = Math.min(...handed.filter((each) => each.spec === spec).map(({ at }) => at));
      const later = [...proxy.written, ...proxy.served].filter((each) => each.spec === spec && each.at > known);
      assert.deepEqual([...new Set(later.map((each) => each.digest))], [digest], spec);
    }
    for (const spec of new Set(handed.map((each) => each.spec))) {
      const digests = proxy.written.filter((each) => each.spec === spec).map((each) => each.digest);
      together += new Set(digests).size > 1 ? 1 : 0;
    }
    return together;
  }

  it("is told apart from other errors of a build", async () => {
    const source = project()
      // Its words are those of a registry whose tags are immutable.
      .write("app/Dockerfile", "FROM scratch\nCOPY none-immutable-already-exists-overwrite /\n")
      .add()
      .commit();
    const result = await stackOf(source, { repository: registry.repository("broken") }).up();
    assert.equal(result.succeeded, false);
    assert.equal(errorsOn(result, "app-image").length, 1, result.text);
    assert.match(errorsOn(result, "app-image")[0] ?? "", /none-immutable-already-exists/);
    assert.doesNotMatch(result.text, /immutableTags/);
  });
});
