import * as assert from "node:assert/strict";
import { type FakeRegistry, fakeRegistries, type Reply } from "../support/fakeRegistry";
import { changes, errorsOn, imagesProject, infoOn, shown, UNKNOWN, warningsOn } from "../support/project";
import { publishFromDirectory } from "../support/publishFromDirectory";
import { RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const SHOWN = require.resolve("./programs/shown.ts");

const OFFLINE = { ...process.env, VERSIONED_IMAGE_OFFLINE: "1" };

const WARNING =
  "VERSIONED_IMAGE_OFFLINE is 1, so no registry is asked. Digests are those of the stack's last update. A version that is new to the " +
  "stack has none yet, and this preview can't tell whether it is published already, or can be.";

/** A program of three images: two that the stack publishes, and one that CI does; then with others, in registries that answer nobody. */
describe("a preview without a registry", () => {
  const start = fakeRegistries();
  const disposables: (() => unknown)[] = [];

  afterEach(async () => {
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  function project(): Repo {
    const source = imagesProject({ app: {}, web: {}, cron: {} });
    disposables.push(() => source.dispose());
    return source;
  }

  function stackOf(source: Repo, images: Record<string, object>): TestStack {
    const stack = new TestStack("test", {
      workDir: source.directory,
      env: process.env,
      program: SHOWN,
      config: { images: JSON.stringify(images) },
    });
    disposables.push(() => stack.forget());
    return stack;
  }

  /** The same stack in another environment, such as that of a pull request of a fork. */
  function offline(stack: TestStack, env: NodeJS.ProcessEnv = OFFLINE): TestStack {
    return Object.assign(Object.create(TestStack.prototype), stack, { options: { ...stack.options, env } });
  }

  /** The warnings of the run that belong to no image. */
  function warnings(result: Result): string[] {
    return result.diagnostics
      .filter(({ severity, urn }) => severity === "warning" && (urn === "" || urn.includes("pulumi:pulumi:Stack")))
      .map(({ message }) => message)
      .filter((message) => !message.startsWith("using pulumi-resource-"));
  }

  function said(result: Result, name: string): string[] {
    return infoOn(result, name).map((line) => line.split(" ago): ")[1] ?? line);
  }

  /** Images that the stack has no record of, with what an update would make of each, and the steps of that. */
  async function unrecorded() {
    const replies: Record<string, Reply> = {
      hangs: "hang",
      refuses: { status: 401, headers: { "www-authenticate": 'Basic realm="none"' } },
    };
    const hosts: FakeRegistry[] = [];
    const images: Record<string, { context: string; repository: string }> = {};
    const outcomes: Record<string, string> = {};
    const steps: Record<string, string> = {};
    for (const [reply, answer] of Object.entries(replies)) {
      const host = await start(() => answer);
      hosts.push(host);
      for (const [context, args, outcome, built] of [
        ["app", {}, "published", ["image"]],
        ["web", { debug: true }, "debug", ["debug"]],
        ["cron", { publish: false }, "adopted", []],
      ] as const) {
        const name = `${context}-${reply}`;
        images[name] = { context, repository: `${host.host}/${context}`, ...args };
        outcomes[name] = outcome;
        for (const resource of [name, ...[...built, "record", "shown"].map((child) => `${name}-${child}`)]) {
          steps[resource] = "create";
        }
      }
    }
    return { hosts, images, outcomes, steps };
  }

  it("has the tags, what changed, and the digests of the record, shows what would be made of what has none, and asks nobody", async function () {
    this.timeout(300_000);
    const source = project();
    const proxy = await RegistryProxy.start();
    disposables.push(() => proxy.stop());
    const of = (name: string) => ({ context: name, repository: `${proxy.host}/${name}-${process.pid}-offline` });
    const cron = await publishFromDirectory(source.path("cron"), of("cron").repository);
    const images = { app: of("app"), web: of("web"), cron: { ...of("cron"), publish: false } };
    const stack = stackOf(source, images);
    const up = await stack.up();
    const before = Object.fromEntries(["app", "web", "cron"].map((name) => [name, shown(up, name)]));
    assert.deepEqual([before.cron?.reference, before.cron?.outcome], [cron.reference, "adopted"]);
    const asked = () => Object.values(proxy.counts).reduce((sum, count) => sum + count, 0);

    const quiet = asked();
    const unchanged = await offline(stack).preview();
    assert.deepEqual(changes(unchanged), {});
    assert.deepEqual(warnings(unchanged), [WARNING]);
    for (const name of ["app", "web", "cron"]) {
      const { repository } = of(name);
      assert.deepEqual(shown(unchanged, name), before[name]);
      assert.deepEqual(said(unchanged, name), [
        `unchanged since the stack's last update: ${repository}@${before[name]?.digest}`,
      ]);
      assert.deepEqual(warningsOn(unchanged, name), []);
    }

    source.write("app/main", "two\n").write("cron/main", "two\n").add().commit("Two");
    const tag = source.git("rev-parse", "HEAD").trim().slice(0, 7);
    const others = await unrecorded();
    const all = { images: JSON.stringify({ ...images, ...others.images }) };
    const changed = await offline(stack).preview(all);
    assert.deepEqual(shown(changed, "web"), before.web);
    for (const [name, outcome] of [
      ["app", "published"],
      ["cron", "adopted"],
    ] as const) {
      assert.deepEqual(shown(changed, name), {
        tag,
        spec: `${of(name).repository}:${tag}`,
        reference: UNKNOWN,
        digest: UNKNOWN,
        commit: source.head(),
        tree: source.git("rev-parse", `HEAD:${name}`),
        outcome,
      });
    }
    for (const [name, expected] of Object.entries(others.outcomes)) {
      const { tag, spec, reference, digest, outcome } = shown(changed, name) ?? {};
      assert.deepEqual(
        [spec, reference, digest, outcome],
        [`${others.images[name]?.repository}:${tag}`, UNKNOWN, UNKNOWN, expected],
      );
    }
    assert.deepEqual(changes(changed), {
      "app-image": "update",
      "app-shown": "update",
      "cron-shown": "update",
      ...others.steps,
    });
    assert.deepEqual(
      said(changed, "app").at(-1),
      `will be looked for in ${of("app").repository}, and published unless it is there`,
    );
    assert.deepEqual(said(changed, "cron").at(-1), `will be looked for in ${of("cron").repository}, and must be there`);
    assert.equal(said(changed, "app")[0], `app: ${tag}: 1 commit since ${before.app?.tag}:\n  ${tag} Two (Ada)`);
    assert.deepEqual(warnings(changed), [WARNING]);
    assert.equal(asked(), quiet);
    for (const { requests } of others.hosts) {
      assert.deepEqual(requests, []);
    }
  });

  it("is no way to update", async () => {
    const host = await start(() => "hang");
    const stack = stackOf(project(), { app: { context: "app", repository: `${host.host}/app` } });
    const update = await offline(stack).up();
    assert.equal(update.succeeded, false, update.text);
    assert.deepEqual(errorsOn(update, "app"), [
      'VERSIONED_IMAGE_OFFLINE is "1": it applies to previews only, and an update must ask the registry: unset it. ' +
        "[InvalidArgument]",
    ]);
    assert.deepEqual(host.requests, []);
  });
});
