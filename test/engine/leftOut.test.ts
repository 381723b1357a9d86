import * as assert from "node:assert/strict";
import { changes, errorsOn, imageProject, UNKNOWN } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const NEEDS = require.resolve("./programs/needs.ts");

describe("an image that an update leaves out", () => {
  const disposables: (() => unknown)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  function project(): Repo {
    const source = imageProject();
    disposables.push(() => source.dispose());
    return source;
  }

  function stackOf(source: Repo, args: object): TestStack {
    const stack = new TestStack("test", {
      workDir: source.directory,
      env: process.env,
      program: NEEDS,
      config: { app: JSON.stringify({ context: "app", ...args }) },
    });
    disposables.push(() => stack.forget());
    return stack;
  }

  /** An update of the resources alone that need these outputs. */
  function upOf(stack: TestStack, ...outputs: string[]): Promise<Result> {
    const target = outputs.map((each) => `urn:pulumi:test::versioned-image-example::pulumi:index:Stash::needs-${each}`);
    return stack.up({}, { target });
  }

  /** The child of the image without which the engine refuses a resource. */
  function missing(result: Result, name: string): string | undefined {
    assert.equal(result.succeeded, false, result.text);
    const [error = "", ...more] = errorsOn(result, name);
    assert.deepEqual(more, []);
    return /depends on '\S+::(\S+)' which was was not specified in --target list/.exec(error)?.[1];
  }

  it("and was never published has no reference: only what needs it is refused, until it is there", async function () {
    this.timeout(300_000);
    const source = project();
    const repository = registry.repository("left-out");
    const stack = stackOf(source, { repository });
    const others = await upOf(stack, "nothing", "tag");
    assert.equal(others.succeeded, true, others.text);
    assert.deepEqual(changes(others), { "needs-nothing": "create", "needs-tag": "create" });
    const { tag, ...unknown } = others.outputs;
    assert.equal(tag, source.git("log", "-1", "--format=%h").trim().slice(0, 7));
    assert.deepEqual(unknown, {
      spec: UNKNOWN,
      reference: UNKNOWN,
      digestReference: UNKNOWN,
      digest: UNKNOWN,
      outcome: UNKNOWN,
    });
    for (const output of ["spec", "reference", "outcome"]) {
      assert.match(missing(await upOf(stack, output), `needs-${output}`) ?? "", /^app-(image|record)$/);
    }
    assert.deepEqual(await registry.tags(repository), []);

    const all = await stack.up();
    assert.equal(all.succeeded, true, all.text);
    const digest = await registry.digest(`${repository}:${tag}`);
    const published = {
      tag,
      spec: `${repository}:${tag}`,
      reference: `${repository}:${tag}@${digest}`,
      digestReference: `${repository}@${digest}`,
      digest,
      outcome: "published",
    };
    assert.deepEqual(all.outputs, published);

    source.write("app/main", "two\n").add().commit("Two");
    const stays = await upOf(stack, "nothing", "reference");
    assert.equal(stays.succeeded, true, stays.text);
    assert.deepEqual({ ...stays.outputs, tag }, published);
  });

  it("and that another stack has published is refused for the record that is not there", async () => {
    const source = project();
    const repository = registry.repository("left-out");
    const publisher = await stackOf(source, { repository }).up();
    assert.equal(publisher.succeeded, true, publisher.text);
    const stack = stackOf(source, { repository });
    assert.equal(missing(await upOf(stack, "reference"), "needs-reference"), "app-record");
    const others = await upOf(stack, "nothing");
    assert.equal(others.succeeded, true, others.text);
    const all = await stack.up();
    assert.deepEqual(all.outputs, { ...publisher.outputs, outcome: "adopted" }, all.text);
  });

  it("and is of the disk has no reference either", async () => {
    const source = project();
    const repository = registry.repository("left-out");
    const stack = stackOf(source, { repository, debug: true });
    const others = await upOf(stack, "outcome");
    assert.equal(others.succeeded, true, others.text);
    assert.deepEqual(
      { ...others.outputs, tag: "" },
      { tag: "", spec: UNKNOWN, reference: UNKNOWN, digestReference: UNKNOWN, digest: UNKNOWN, outcome: "debug" },
    );
    assert.match(missing(await upOf(stack, "reference"), "needs-reference") ?? "", /^app-(debug|record)$/);
    const all = await stack.up();
    assert.equal(all.succeeded, true, all.text);
    const { spec, reference, digest } = all.outputs;
    assert.equal(reference, `${spec}@${digest}`);
    assert.equal(digest, await registry.digest(String(spec)));
  });

  it("but for itself forgets what it could not know", async () => {
    const source = project();
    const repository = registry.repository("left-out");
    const stack = stackOf(source, { repository });
    const component = "urn:pulumi:test::versioned-image-example::versioned-image:index:VersionedImage::app";
    const alone = await stack.up({}, { target: [component] });
    assert.equal(alone.succeeded, true, alone.text);
    const all = await stack.up();
    assert.equal(all.succeeded, true, all.text);
    const { spec, reference, digest } = all.outputs;
    assert.equal(digest, await registry.digest(String(spec)));
    assert.equal(reference, `${spec}@${digest}`);
  });
});
