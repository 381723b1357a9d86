import * as assert from "node:assert/strict";
import { changes, errorsOn, imageConfig, imageProject, imageStack, warningsOn } from "../support/project";
import { registry } from "../support/registry";
import { RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

interface Image {
  tag: string;
  spec: string;
  reference: string;
  digest: string;
  outcome: string;
}

/** Whatever happened to a stack or a registry, the next update ends well. */
describe("an update that is not to be stuck", () => {
  const disposables: (() => unknown)[] = [];

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

  function stackOf(...args: Parameters<typeof imageStack>): TestStack {
    const stack = imageStack(...args);
    disposables.push(() => stack.forget());
    return stack;
  }

  async function proxied(options = {}): Promise<RegistryProxy> {
    const proxy = await RegistryProxy.start(options);
    disposables.push(() => proxy.stop());
    return proxy;
  }

  function succeeded(result: Result): Image {
    assert.equal(result.succeeded, true, result.text);
    return (result.outputs.images as { app: Image }).app;
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

  for (const name of ["app-image", "app-record"]) {
    it(`keeps the tag when ${name} is replaced by --replace`, async () => {
      const [source, repository] = [project(), registry.repository("replace")];
      const stack = stackOf(source, { repository });
      const first = await stack.up();
      const image = succeeded(first);
      assert.equal(succeeded(await stack.up({}, { replace: [urnOf(first, name)] })).reference, image.reference);
      assert.equal((await unchanged(stack)).reference, image.reference);
      assert.equal(await registry.digest(image.spec), image.digest);
      assert.equal(registry.pushes(image.spec), 1);
    });
  }

  for (const names of [["app-record"], ["app-record", "app-image"]]) {
    it(`keeps the tag after state delete of ${names.join(" and ")}`, async () => {
      const [source, repository] = [project(), registry.repository("deleted")];
      const stack = stackOf(source, { repository });
      const first = await stack.up();
      const image = succeeded(first);
      for (const name of names) {
        stack.deleteFromState(urnOf(first, name));
      }
      assert.equal(succeeded(await stack.up()).reference, image.reference);
      assert.equal((await unchanged(stack)).reference, image.reference);
      assert.equal(await registry.digest(image.spec), image.digest);
      assert.equal(registry.pushes(image.spec), 1);
    });
  }

  it("leaves an excluded image at its old reference while HEAD has moved", async () => {
    const [source, repository] = [project(), registry.repository("exclude")];
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

  it("ends refresh --run-program and destroy --run-program while HEAD has moved", async () => {
    const [source, repository] = [project(), registry.repository("program")];
    const stack = stackOf(source, { repository });
    const one = succeeded(await stack.up());
    commitTwo(source);
    const refreshed = await stack.start("refresh", {}, { runProgram: true }).result;
    assert.equal(refreshed.succeeded, true, refreshed.text);
    const destroyed = await stack.destroy({ runProgram: true });
    assert.equal(destroyed.succeeded, true, destroyed.text);
    assert.equal(await registry.digest(one.spec), one.digest);
  });

  for (const status of [403, 405, 409]) {
    it(`names TagRefused when the registry refuses the tag with ${status}, and converges`, async () => {
      const proxy = await proxied();
      const source = project();
      const repository = registry.repository("refused").replace(registry.host, proxy.host);
      const stack = stackOf(source, { repository });
      proxy.refuseTag = { tag: source.head().slice(0, 7), status };
      const refused = await stack.up();
      assert.equal(refused.succeeded, false, refused.text);
      assert.match(errorsOn(refused, "app").join("\n"), /\[TagRefused\]/, refused.text);
      proxy.refuseTag = undefined;
      const image = succeeded(await stack.up());
      assert.equal((await unchanged(stack)).reference, image.reference);
      assert.equal(await registry.digest(image.spec), image.digest);
    });
  }

  it("goes on from version to version while the component is protected", async () => {
    const [source, repository] = [project(), registry.repository("protected")];
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
    const [source, repository] = [project(), registry.repository("renamed")];
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
    source.write("app/main", "two\n").add().commit("Two");
    const next = await stack.up(renamed);
    assert.deepEqual(changes(next), { "worker-image": "update", "worker-record": "update" });
    assert.equal(registry.pushes(image.spec), 1);
  });

  for (const how of ["published", "adopted"]) {
    it(`builds a tag that the registry lost again, and says so (${how})`, async () => {
      const proxy = await proxied();
      const source = project();
      const repository = registry.repository("lost").replace(registry.host, proxy.host);
      const stack = stackOf(source, { repository });
      if (how === "adopted") {
        succeeded(await stackOf(source, { repository }).up());
      }
      const before = succeeded(await stack.up());
      assert.equal(before.outcome, how);
      proxy.lost = before.tag;
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
});
