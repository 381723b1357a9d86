import * as assert from "node:assert/strict";
import { LONG } from "../support/long";
import { always, lost } from "../support/moods";
import { type DaemonKind, MORE_DAEMONS, OwnDaemon } from "../support/ownDaemon";
import { changes, errorsOn, type Image, imageProject, imageStack, succeeded, warningsOn } from "../support/project";
import { registry } from "../support/registry";
import { denial, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/**
 * Whatever happened to a stack or a registry, the next update ends well: on any daemon, and whether or not tags may be moved. In the short form each
 * scene is played where tags are as it is harder; the long form plays all of them with both.
 */
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

  /** A scene, and the tags with which it is the harder one. */
  function scene(harder: "with tags that move" | "with tags that stay", what: string, play: () => Promise<void>): void {
    const isHarder = (harder === "with tags that stay") === (immutable !== undefined);
    if (isHarder || LONG || kind !== undefined) {
      it(what, play);
    }
  }

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

  scene("with tags that stay", "keeps the tags when resources are replaced, or deleted from the state", async () => {
    const [source, repository] = [project(), repositoryOf("replaced")];
    const stack = stackOf(source, {});
    const names = ["image-replaced", "record-replaced", "record-deleted", "both-deleted"];
    const images = names.map((name) => [name, { context: "app", repository: `${repository}-${name}` }]);
    const config = { images: JSON.stringify(Object.fromEntries(images)) };
    const imagesOf = (result: Result) => {
      assert.equal(result.succeeded, true, result.text);
      return result.outputs.images as Record<string, Image>;
    };
    const first = await stack.up(config);
    const published = imagesOf(first);
    const deleted = ["record-deleted-record", "both-deleted-record", "both-deleted-image"];
    for (const name of deleted) {
      stack.deleteFromState(urnOf(first, name));
    }
    const replace = ["image-replaced-image", "record-replaced-record"].map((name) => urnOf(first, name));
    const second = await stack.up(config, { replace });
    // What is adopted needs no resource that builds.
    assert.deepEqual(changes(second), {
      "image-replaced-image": "delete-replaced",
      "record-replaced-image": "delete",
      "record-replaced-record": "delete-replaced",
      "record-deleted-image": "delete",
      "record-deleted-record": "create",
      "both-deleted-record": "create",
    });
    const third = await stack.up(config);
    assert.deepEqual(changes(third), {});
    for (const name of names) {
      const { reference, digest, spec } = published[name] as Image;
      assert.deepEqual(
        [second, third].map((result) => imagesOf(result)[name]?.reference),
        [reference, reference],
      );
      assert.equal(await registry.digest(spec), digest);
      assertWrittenOnce(published[name] as Image);
    }
    // Nor was another tried, which would be refused where tags stay.
    assert.equal(proxy.counts.tag, names.length);
  });

  scene("with tags that stay", "publishes the next version after the whole state was lost", async () => {
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

  scene(
    "with tags that move",
    "leaves excluded images at their old references while HEAD has moved, and writes no tag",
    async () => {
      const [source, repository] = [project(), repositoryOf("exclude")];
      const args = { context: "app", repository };
      const stack = stackOf(source, {});
      const config = { images: JSON.stringify({ app: args, tried: { ...args, debug: true } }) };
      const imagesOf = (result: Result) => {
        assert.equal(result.succeeded, true, result.text);
        return result.outputs.images as { app: Image; tried: Image };
      };
      const first = await stack.up(config);
      const one = imagesOf(first);
      commitTwo(source);
      const exclude = ["app-image", "app-record", "tried-debug", "tried-record"].map((name) => urnOf(first, name));
      const left = await stack.up(config, { exclude });
      assert.deepEqual(changes(left), {});
      assert.deepEqual(
        Object.values(imagesOf(left)).map(({ reference }) => reference),
        [one.app.reference, one.tried.reference],
      );
      const tags = new Set(proxy.written.map(({ spec }) => spec.split(":")[1]));
      assert.deepEqual(tags, new Set([one.app.tag, one.tried.tag]));
      const two = imagesOf(await stack.up(config));
      assert.notEqual(two.app.tag, one.app.tag);
      assert.notEqual(two.tried.tag, one.tried.tag);
      const again = await stack.up(config);
      assert.deepEqual(changes(again), {});
      assert.deepEqual(
        Object.values(imagesOf(again)).map(({ reference }) => reference),
        [two.app.reference, two.tried.reference],
      );
      assert.equal(await registry.digest(one.app.spec), one.app.digest);
    },
  );

  scene(
    "with tags that stay",
    "ends refresh --run-program and destroy --run-program while HEAD has moved",
    async () => {
      const [source, repository] = [project(), repositoryOf("program")];
      const stack = stackOf(source, { repository });
      const one = succeeded(await stack.up());
      commitTwo(source);
      const refreshed = await stack.start("refresh", {}, { runProgram: true }).result;
      assert.equal(refreshed.succeeded, true, refreshed.text);
      const destroyed = await stack.destroy({ runProgram: true });
      assert.equal(destroyed.succeeded, true, destroyed.text);
      assert.equal(await registry.digest(one.spec), one.digest);
    },
  );

  // Tags that can't be moved have nothing to do with a tag that can't be made. After 403 alone the credentials are looked at again.
  for (const status of immutable ? [] : LONG ? [403, 405, 409] : [403]) {
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

  scene(
    "with tags that stay",
    "goes on from version to version while the component is protected, and renamed with an alias",
    async () => {
      const [source, repository] = [project(), repositoryOf("renamed")];
      const stack = stackOf(source, { repository });
      const image = succeeded(await stack.up({ options: JSON.stringify({ protect: true }) }));
      const options = JSON.stringify({ protect: true, aliases: [{ name: "app" }] });
      const up = (args: object) =>
        stack.up({ images: JSON.stringify({ worker: { context: "app", repository, ...args } }), options });
      const workerOf = (result: Result) => {
        assert.equal(result.succeeded, true, result.text);
        return (result.outputs.images as { worker: Image }).worker;
      };
      const renamed = await up({});
      assert.deepEqual(changes(renamed), {});
      assert.equal(workerOf(renamed).reference, image.reference);
      commitTwo(source);
      const next = await up({});
      assert.deepEqual(changes(next), { "worker-image": "update", "worker-record": "update" });
      const two = workerOf(next);
      assert.notEqual(two.tag, image.tag);
      workerOf(await up({ debug: true }));
      const back = workerOf(await up({}));
      assert.deepEqual([back.reference, back.outcome], [two.reference, "published"]);
      assertWrittenOnce(image);
      assertWrittenOnce(two);
    },
  );

  for (const [how, harder] of [
    ["published", "with tags that stay"],
    ["adopted", "with tags that move"],
  ] as const) {
    scene(harder, `builds a tag that the registry lost again, and says so (${how})`, async () => {
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
        `${before.spec} was lost from the registry (${before.digest}): built again from its commit. Check that the registry's ` +
          "clean-up keeps images that are in use.",
      ]);
      assert.equal(await registry.digest(before.spec.replace(proxy.host, registry.host)), after.digest);
      assert.equal((await unchanged(stack)).reference, after.reference);
    });
  }
}
