import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isScratchTag } from "../../components/version";
import { changes, errorsOn, imageConfig, imageProject, imageStack, infoOn } from "../support/project";
import { randomFrom } from "../support/random";
import { registry } from "../support/registry";
import { type ProxyOptions, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import { SecondDocker } from "../support/secondDocker";
import type { Result, TestStack } from "../support/stack";

/** How often two stacks publish at the same time; the long run sets VERSIONED_IMAGE_RACES. */
const RACES = Number(process.env.VERSIONED_IMAGE_RACES ?? 2);
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);
/** How long a build takes, in seconds; more than nothing needs a static busybox. */
const BUILD_SECONDS = Number(process.env.VERSIONED_IMAGE_BUILD_SECONDS ?? 0);
const BUSYBOX = process.env.VERSIONED_IMAGE_BUSYBOX ?? "/bin/busybox";
/** How much later the second stack begins at the most, in milliseconds: within the first one's update. */
const OFFSET = 3_000 + BUILD_SECONDS * 1_000;

/** A tag keeps its digest from so many milliseconds on after it was first set. */
const SETTLED = 2_000;

interface Image {
  digest: string;
  spec: string;
  outcome: string;
}

/** Promise 5: two stacks publish one commit at the same time, and both end with what the tag served first. */
describe("a production tag 5. that another stack publishes meanwhile", () => {
  const disposables: (() => unknown)[] = [];

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

  function stackOf(source: Repo, args: object, env: NodeJS.ProcessEnv = {}): TestStack {
    const stack = imageStack(source, args, { env });
    disposables.push(() => stack.forget());
    return stack;
  }

  async function proxyWith(options: ProxyOptions): Promise<RegistryProxy> {
    const proxy = await RegistryProxy.start(options);
    disposables.push(() => proxy.stop());
    return proxy;
  }

  function imageOf(result: Result): Image {
    assert.equal(result.succeeded, true, result.text);
    return (result.outputs.images as { app: Image }).app;
  }

  /** Publishes by a first stack, past the proxy. Returns the name of the repository and the digest. */
  async function published(source: Repo): Promise<{ name: string; digest: string; spec: string }> {
    const repository = registry.repository("race");
    const { digest, spec } = imageOf(await stackOf(source, { repository }).up());
    return { name: repository.slice(repository.indexOf("/") + 1), digest, spec };
  }

  function lastInfo(result: Result): string | undefined {
    return infoOn(result, "app")
      .at(-1)
      ?.split(" ago): ")[1]
      ?.replace(/ in [\d.]+ s/, " in N s");
  }

  it("while ours is built: theirs is used, and nothing is written over it", async () => {
    const source = project();
    const other = await SecondDocker.startIfAvailable();
    disposables.push(() => other?.stop());
    const { name, digest, spec } = await published(source);
    const proxy = await proxyWith({ hiddenUntilPush: true });
    const repository = `${proxy.host}/${name}`;
    const stack = stackOf(source, { repository }, other && { DOCKER_HOST: other.host });
    const result = await stack.up();
    const image = imageOf(result);
    // Where there is no second daemon, the first one's cache gives the very same content.
    assert.deepEqual([image.digest, image.outcome], [digest, other ? "adopted" : "published"]);
    const used = `built in N s, but another stack tagged its own meanwhile, and that is used: ${repository}@${digest}`;
    assert.equal(
      lastInfo(result),
      other ? used : `published in N s: ${repository}:${source.head().slice(0, 7)}@${digest}`,
    );
    assert.equal(await registry.digest(spec), digest);
    assert.equal(registry.pushes(spec), 1);
    assert.deepEqual(changes(await stack.up()), {});
  });

  it("while ours is built, with immutable tags: theirs is used, though ours was to be pushed under the tag", async () => {
    const source = project();
    const other = await SecondDocker.startIfAvailable("alike");
    disposables.push(() => other?.stop());
    const { name, digest, spec } = await published(source);
    const proxy = await proxyWith({ hiddenUntilPush: true, immutable: true });
    // Where there is no second daemon, the first one's cache gives the very same content, which is not refused.
    const stack = stackOf(
      source,
      { repository: `${proxy.host}/${name}`, immutableTags: true },
      other && { DOCKER_HOST: other.host },
    );
    const image = imageOf(await stack.up());
    assert.equal(image.digest, digest);
    assert.equal(proxy.refused > 0, other !== undefined);
    assert.equal(await registry.digest(spec), digest);
    assert.deepEqual(changes(await stack.up()), {});
  });

  it("in a registry whose tags are immutable, which immutableTags was not set for: an error that says so", async () => {
    const source = project();
    const proxy = await proxyWith({ immutable: true });
    const name = registry.repository("immutable").split("/")[1];
    const repository = `${proxy.host}/${name}`;
    const stack = stackOf(source, { repository });
    imageOf(await stack.up());
    source.write("app/main", "two\n").add().commit("Two");
    const refused = await stack.up();
    assert.equal(refused.succeeded, false, refused.text);
    const errors = errorsOn(refused, "app");
    assert.equal(errors.length, 1, refused.text);
    assert.match(errors[0] ?? "", /immutableTags: true.* is immutable.*\[ScratchTagRefused\]$/s);
    const mended = imageOf(await stack.up(imageConfig({ repository, immutableTags: true })));
    assert.equal(mended.outcome, "published");
    assert.equal(await registry.digest(`${registry.host}/${name}:${source.head().slice(0, 7)}`), mended.digest);
    assert.deepEqual(changes(await stack.up(imageConfig({ repository, immutableTags: true }))), {});
  });

  for (const immutable of [false, true]) {
    const how = immutable ? "immutable" : "mutable";
    it(`at the same time, from two daemons, ${RACES} times with ${how} tags: both succeed with one digest, seed ${SEED}`, async function () {
      this.timeout(120_000 + RACES * 60_000);
      if (!SecondDocker.isAvailable()) {
        console.log("      left out: only root, with dockerd, can start a second Docker daemon");
        this.skip();
      }
      // Docker with containerd's store can't push what another has made as it is, which registries of immutable tags would take.
      const other = await SecondDocker.start(immutable ? "alike" : undefined);
      disposables.push(() => other.stop());
      const random = randomFrom(SEED);
      const proxy = await proxyWith({ immutable });
      const source = project();
      const args = {
        repository: `${proxy.host}/${registry.repository("both").split("/")[1]}`,
        immutableTags: immutable,
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
      const one = stackOf(source, args);
      const two = stackOf(clone, args, { DOCKER_HOST: other.host });
      const outcomes: Record<string, number> = {};
      for (let race = 0; race < RACES; race++) {
        source.write("app/main", `${race}\n`).add().commit(`Race ${race}`);
        clone.git("pull", "--quiet");
        const late = sleep(random() * OFFSET).then(() => two.up());
        const images = (await Promise.all([one.up(), late])).map(imageOf);
        assert.equal(images[0]?.digest, images[1]?.digest);
        for (const { outcome } of images) {
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        }
        for (const stack of [one, two]) {
          assert.deepEqual(changes(await stack.up()), {});
        }
      }
      const versions = [...proxy.served].filter(([tag]) => !isScratchTag(tag));
      let together = 0;
      for (const [tag, [first, ...others]] of versions) {
        // Two that set the tag at the same moment, each before the other's could be read, agree on what stays.
        for (const { digest, at } of others) {
          const later = at - (first?.at ?? 0);
          assert.ok(later < SETTLED, `${tag} was ${first?.digest}, and ${later} ms later ${digest}`);
          together++;
        }
      }
      assert.equal(versions.length, RACES);
      console.log(
        `      ${RACES} races, ${JSON.stringify(outcomes)}, ${proxy.refused} pushes refused, ${together} tags set twice ` +
          `in one moment, 0 changed digests`,
      );
    });
  }

  it("is told apart from other errors of a build", async () => {
    const source = project().write("app/Dockerfile", "FROM scratch\nCOPY none /\n").add().commit();
    const result = await stackOf(source, { repository: registry.repository("broken") }).up();
    assert.equal(result.succeeded, false);
    assert.doesNotMatch(result.text, /PublishedMeanwhile|ScratchTagRefused/);
    assert.equal(errorsOn(result, "app-image").length, 1, result.text);
    assert.match(errorsOn(result, "app-image")[0] ?? "", /none/);
  });
});
