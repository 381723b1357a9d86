import * as assert from "node:assert/strict";
import { always, lost } from "../support/moods";
import { type DaemonKind, MORE_DAEMONS, OwnDaemon } from "../support/ownDaemon";
import {
  changes,
  errorsOn,
  type Image,
  imageConfig,
  imageProject,
  imageStack,
  succeeded,
  warningsOn,
} from "../support/project";
import { registry } from "../support/registry";
import { denial, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** Whatever happened to a stack or a registry, the next update ends well: on any daemon, and whether or not tags may be moved. */
for (const kind of [undefined, ...MORE_DAEMONS]) {
  for (const immutable of [undefined, 400] as const) {
    const where = `in a registry that ${immutable ? "refuses to move tags" : "lets tags be moved"}`;
    describe(`an update that is not to be stuck, ${where}${kind ? `, by ${kind}` : ""}`, () => scenes(kind, immutable));
  }
}

function scenes(kind: DaemonKind | undefined, immutable: 400 | undefined): void {
  const disposables: (() => unknown)[] = [];
  let daemon: OwnDaemon | undefined;
  let proxy: RegistryProxy;

  before(async function () {
    if (kind && !OwnDaemon.isAvailable(kind)) {
      console.log(`      left out: only root, where it is installed, can start ${kind}`);
      this.skip();
    }
    daemon = kind && (await OwnDaemon.start(kind));
  });

  after(() => daemon?.stop());

  beforeEach(async () => {
    proxy = await RegistryProxy.start({ immutable });
    disposables.push(() => proxy.stop());
  });

  afterEach(async () => {
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  function project(): Repo {
    const made = imageProject();
    disposables.push(() => made.dispose());
    return made;
  }

  function stackOf(source: Repo, args: object): TestStack {
    const stack = imageStack(source, args, { env: daemon && { DOCKER_HOST: daemon.host } });
    disposables.push(() => stack.forget());
    return stack;
  }

  /** A repository that no other test uses, behind the proxy. */
  function repositoryOf(name: string): string {
    return registry.repository(name).replace(registry.host, proxy.host);
  }

  function commitTwo(source: Repo): void {
    source.write("app/main", "two\n").add().commit("Two");
  }

  function urnOf(result: Result, name: string): string {
    const urn = result.steps.find((step) => step.name === name)?.urn;
    assert.ok(urn, result.text);
    return urn;
  }

  async function unchanged(stack: TestStack): Promise<Image> {
    const result = await stack.up();
    assert.deepEqual(changes(result), {}, result.text);
    return succeeded(result);
  }

  /** What was written under an image's tag since the beginning: its digest, once. */
  function assertWrittenOnce({ spec, digest }: Image): void {
    const name = spec.slice(spec.indexOf("/") + 1);
    assert.deepEqual(
      proxy.written.filter((entry) => entry.spec === name).map((entry) => entry.digest),
      [digest],
    );
  }

  for (const name of ["app-image", "app-record"]) {
    it(`keeps the tag when ${name} is replaced by --replace`, async () => {
      const [source, repository] = [project(), repositoryOf("replace")];
      const stack = stackOf(source, { repository });
      const first = await stack.up();
      const image = succeeded(first);
      assert.equal(succeeded(await stack.up({}, { replace: [urnOf(first, name)] })).reference, image.reference);
      assert.equal((await unchanged(stack)).reference, image.reference);
      assert.equal(await registry.digest(image.spec), image.digest);
      assertWrittenOnce(image);
    });
  }

  for (const names of [["app-record"], ["app-record", "app-image"]]) {
    it(`keeps the tag after state delete of ${names.join(" and ")}`, async () => {
      const [source, repository] = [project(), repositoryOf("deleted")];
      const stack = stackOf(source, { repository });
      const first = await stack.up();
      const image = succeeded(first);
      for (const name of names) {
        stack.deleteFromState(urnOf(first, name));
      }
      assert.equal(succeeded(await stack.up()).reference, image.reference);
      assert.equal((await unchanged(stack)).reference, image.reference);
      assert.equal(await registry.digest(image.spec), image.digest);
      assertWrittenOnce(image);
    });
  }

  it("publishes the next version after the whole state was lost", async () => {
    const [source, repository] = [project(), repositoryOf("forgotten")];
    const one = succeeded(await stackOf(source, { repository }).up());
    commitTwo(source);
    // The same stack by its name, so that its scratch tag is in the registry already.
    const stack = stackOf(source, { repository });
    const two = succeeded(await stack.up());
    assert.deepEqual([two.outcome, two.tag], ["published", source.head().slice(0, 7)]);
    assert.equal((await unchanged(stack)).reference, two.reference);
    assertWrittenOnce(one);
    assertWrittenOnce(two);
  });

  it("publishes version after version, and has nothing to say", async () => {
    const [source, repository] = [project(), repositoryOf("versions")];
    const stack = stackOf(source, { repository });
    for (const content of ["two", "three", "four"]) {
      source.write("app/main", `${content}\n`).add().commit(content);
      const result = await stack.up();
      const image = succeeded(result);
      assert.equal(image.outcome, "published");
      assert.deepEqual(warningsOn(result, "app"), []);
      assert.equal((await unchanged(stack)).reference, image.reference);
      assertWrittenOnce(image);
    }
  });

  it("leaves an excluded image at its old reference while HEAD has moved", async () => {
    const [source, repository] = [project(), repositoryOf("exclude")];
    const stack = stackOf(source, { repository });
    const first = await stack.up();
    const one = succeeded(first);
    commitTwo(source);
    const exclude = ["app-image", "app-record"].map((name) => urnOf(first, name));
    const left = await stack.up({}, { exclude });
    assert.deepEqual(changes(left), {});
    assert.equal(succeeded(left).reference, one.reference);
    const two = succeeded(await stack.up());
    assert.notEqual(two.tag, one.tag);
    assert.equal((await unchanged(stack)).reference, two.reference);
    assert.equal(await registry.digest(one.spec), one.digest);
  });

  it("leaves an excluded debug image at its old reference while HEAD has moved, and writes no tag for it", async () => {
    const [source, repository] = [project(), repositoryOf("exclude-debug")];
    const stack = stackOf(source, { repository, debug: true });
    const first = await stack.up();
    const one = succeeded(first);
    commitTwo(source);
    const exclude = ["app-debug", "app-record"].map((name) => urnOf(first, name));
    const left = await stack.up({}, { exclude });
    assert.deepEqual(changes(left), {});
    assert.equal(succeeded(left).reference, one.reference);
    assert.deepEqual([...new Set(proxy.written.map(({ spec }) => spec.split(":")[1]))], [one.tag]);
    const two = succeeded(await stack.up());
    assert.notEqual(two.tag, one.tag);
    assert.equal((await unchanged(stack)).reference, two.reference);
  });

  it("ends refresh --run-program and destroy --run-program while HEAD has moved", async () => {
    const [source, repository] = [project(), repositoryOf("program")];
    const stack = stackOf(source, { repository });
    const one = succeeded(await stack.up());
    commitTwo(source);
    const refreshed = await stack.start("refresh", {}, { runProgram: true }).result;
    assert.equal(refreshed.succeeded, true, refreshed.text);
    const destroyed = await stack.destroy({ runProgram: true });
    assert.equal(destroyed.succeeded, true, destroyed.text);
    assert.equal(await registry.digest(one.spec), one.digest);
  });

  // Tags that can't be moved have nothing to do with a tag that can't be made.
  for (const status of immutable ? [] : [403, 405, 409]) {
    it(`names TagRefused when the registry refuses the tag with ${status}, and converges`, async () => {
      const source = project();
      const repository = repositoryOf("refused");
      const stack = stackOf(source, { repository });
      proxy.moods.push(always("tag", { instead: denial(status, "DENIED", "the tag is refused") }));
      const refused = await stack.up();
      assert.equal(refused.succeeded, false, refused.text);
      assert.match(errorsOn(refused, "app").join("\n"), /\[TagRefused\]/, refused.text);
      proxy.moods.pop();
      const image = succeeded(await stack.up());
      assert.equal((await unchanged(stack)).reference, image.reference);
      assert.equal(await registry.digest(image.spec), image.digest);
    });
  }

  it("goes on from version to version while the component is protected", async () => {
    const [source, repository] = [project(), repositoryOf("protected")];
    const stack = stackOf(source, { repository });
    const guarded = { ...imageConfig({ repository }), options: JSON.stringify({ protect: true }) };
    const one = succeeded(await stack.up(guarded));
    commitTwo(source);
    const two = succeeded(await stack.up(guarded));
    assert.notEqual(two.tag, one.tag);
    assert.deepEqual(changes(await stack.up(guarded)), {});
    succeeded(await stack.up({ ...guarded, ...imageConfig({ repository, debug: true }) }));
    const back = succeeded(await stack.up(guarded));
    assert.deepEqual([back.reference, back.outcome], [two.reference, "published"]);
  });

  it("changes nothing where the component is renamed with an alias", async () => {
    const [source, repository] = [project(), repositoryOf("renamed")];
    const stack = stackOf(source, { repository });
    const image = succeeded(await stack.up());
    const renamed = {
      images: JSON.stringify({ worker: { context: "app", repository } }),
      options: JSON.stringify({ aliases: [{ name: "app" }] }),
    };
    const result = await stack.up(renamed);
    assert.equal(result.succeeded, true, result.text);
    assert.deepEqual(changes(result), {});
    assert.equal((result.outputs.images as { worker: Image }).worker.reference, image.reference);
    commitTwo(source);
    const next = await stack.up(renamed);
    assert.deepEqual(changes(next), { "worker-image": "update", "worker-record": "update" });
    assertWrittenOnce(image);
  });

  for (const how of ["published", "adopted"]) {
    it(`builds a tag that the registry lost again, and says so (${how})`, async () => {
      const source = project();
      const repository = repositoryOf("lost");
      const stack = stackOf(source, { repository });
      if (how === "adopted") {
        succeeded(await stackOf(source, { repository }).up());
      }
      const before = succeeded(await stack.up());
      assert.equal(before.outcome, how);
      proxy.moods.push(lost(before.tag));
      const result = await stack.up();
      const after = succeeded(result);
      assert.deepEqual([after.spec, after.outcome], [before.spec, "published"]);
      assert.deepEqual(warningsOn(result, "app"), [
        `${before.spec} was lost from the registry (${before.digest}): built again from its commit. See that the registry's ` +
          "clean-up keeps what is in use.",
      ]);
      assert.equal(await registry.digest(before.spec.replace(proxy.host, registry.host)), after.digest);
      assert.equal((await unchanged(stack)).reference, after.reference);
    });
  }
}
