import * as assert from "node:assert/strict";
import { changes, errorsOn, imageConfig, imageProject, imageStack } from "../support/project";
import { registry } from "../support/registry";
import { type ProxyOptions, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** How often two stacks publish at the same time; the long run sets VERSIONED_IMAGE_RACES. */
const RACES = Number(process.env.VERSIONED_IMAGE_RACES ?? 2);

/** Promise 5: two stacks publish one commit at the same time. */
describe("a production tag 5. that someone else publishes meanwhile", () => {
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

  function stackOf(source: Repo, args: object): TestStack {
    const stack = imageStack(source, args);
    disposables.push(() => stack.forget());
    return stack;
  }

  async function proxyWith(options: ProxyOptions): Promise<RegistryProxy> {
    const proxy = await RegistryProxy.start(options);
    disposables.push(() => proxy.stop());
    return proxy;
  }

  function digestOf(result: Result): string {
    assert.equal(result.succeeded, true, result.text);
    return (result.outputs.images as { app: { digest: string } }).app.digest;
  }

  /** Publishes by a first stack, past the proxy. Returns the name of the repository and the digest. */
  async function published(source: Repo): Promise<{ name: string; digest: string; spec: string }> {
    const repository = registry.repository("race");
    const digest = digestOf(await stackOf(source, { repository }).up());
    return {
      name: repository.slice(repository.indexOf("/") + 1),
      digest,
      spec: `${repository}:${source.head().slice(0, 7)}`,
    };
  }

  it("before our build: the same digest is pushed again, and the stack goes on without a person", async () => {
    const source = project();
    const { name, digest, spec } = await published(source);
    const proxy = await proxyWith({ hidden: 1 });
    const stack = stackOf(source, { repository: `${proxy.host}/${name}` });
    assert.equal(digestOf(await stack.up()), digest);
    assert.equal(await registry.digest(spec), digest);
    assert.deepEqual([...proxy.served.values()], [[digest]]);
    assert.deepEqual(changes(await stack.up()), {});
  });

  it("during our build, with immutable tags: the loser says so, and its next run adopts", async () => {
    const source = project();
    const { name, digest, spec } = await published(source);
    const proxy = await proxyWith({ hidden: 2, immutable: true });
    const stack = stackOf(source, { repository: `${proxy.host}/${name}` });
    const lost = await stack.up();
    assert.equal(lost.succeeded, false, lost.text);
    assert.match(
      lost.text,
      new RegExp(
        `was published by someone else meanwhile \\(${digest}\\): run again to adopt it\\. .*immutable.*\\[PublishedMeanwhile\\]`,
      ),
    );
    assert.equal(proxy.refused > 0, true);
    const again = await stack.up();
    assert.equal(digestOf(again), digest);
    assert.equal((again.outputs.images as { app: { outcome: string } }).app.outcome, "adopted");
    assert.equal(await registry.digest(spec), digest);
  });

  it(`at the same time, ${RACES} times: no tag changes its digest after it was served`, async function () {
    this.timeout(60_000 + RACES * 30_000);
    const proxy = await proxyWith({ immutable: true });
    const source = project();
    const name = registry.repository("both").split("/")[1];
    const repository = `${proxy.host}/${name}`;
    const [one, two] = [stackOf(source, { repository }), stackOf(source, { repository })];
    const clone = source.clone();
    disposables.push(() => clone.dispose());
    let lost = 0;
    for (let race = 0; race < RACES; race++) {
      source.write("app/main", `${race}\n`).add().commit(`Race ${race}`);
      clone.git("pull", "--quiet");
      const results = await Promise.all([one.up(), two.in(clone.directory).up(imageConfig({ repository }))]);
      assert.ok(
        results.some(({ succeeded }) => succeeded),
        results.map(({ text }) => text).join("\n"),
      );
      for (const [index, result] of results.entries()) {
        if (!result.succeeded) {
          lost++;
          assert.match(result.text, /\[PublishedMeanwhile\]/);
          assert.equal((await (index === 0 ? one : two.in(clone.directory)).up()).succeeded, true);
        }
      }
    }
    for (const [tag, digests] of proxy.served) {
      assert.equal(digests.length, 1, `${tag} was served as ${digests.join(", then ")}`);
    }
    assert.equal(proxy.served.size, RACES);
    console.log(
      `      ${RACES} races, ${lost} lost and adopted afterwards, ${proxy.refused} pushes refused, 0 changed digests`,
    );
  });

  it("is told apart from other errors of a build", async () => {
    const source = project().write("app/Dockerfile", "FROM scratch\nCOPY none /\n").add().commit();
    const result = await stackOf(source, { repository: registry.repository("broken") }).up();
    assert.equal(result.succeeded, false);
    assert.doesNotMatch(result.text, /PublishedMeanwhile/);
    assert.equal(errorsOn(result, "app-image").length, 1, result.text);
    assert.match(errorsOn(result, "app-image")[0] ?? "", /none/);
  });
});
