import * as assert from "node:assert/strict";
import { LONG } from "../support/long";
import { changes, errorsOn, type Image, imagesConfig, imagesOf, imagesProject, UNKNOWN } from "../support/project";
import { publishFromDirectory } from "../support/publishFromDirectory";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const NEEDS = require.resolve("./programs/needs.ts");
const URN = "urn:pulumi:test::versioned-image-example";

/** One stack: `app` is published by it, `elsewhere` by another program, `disk` is a debug image, and of `alone` nothing but the image is needed. */
describe("an image that an update leaves out", () => {
  type Name = "app" | "elsewhere" | "disk" | "alone";
  type Seen = Pick<Image, "tag" | "spec" | "reference" | "digest" | "outcome"> & { digestReference: string };
  const unknown = { spec: UNKNOWN, reference: UNKNOWN, digestReference: UNKNOWN, digest: UNKNOWN, outcome: UNKNOWN };
  let source: Repo;
  let stack: TestStack;
  let repositories: Record<Name, string>;
  /** After the update that leaves all out. */
  let without: Record<Name, Seen>;
  /** After that of everything. */
  let all: Record<Name, Seen>;

  before(() => {
    source = imagesProject({ app: {}, elsewhere: {}, disk: {}, alone: {} });
    repositories = {
      app: registry.repository("left-out"),
      elsewhere: registry.repository("left-out"),
      disk: registry.repository("left-out"),
      alone: registry.repository("left-out"),
    };
    stack = new TestStack("test", {
      workDir: source.directory,
      env: process.env,
      program: NEEDS,
      config: images("app", "elsewhere", "disk", "alone"),
    });
  });

  after(() => {
    stack?.forget();
    source?.dispose();
  });

  /** A program of these images alone. */
  function images(...names: Name[]): Record<string, string> {
    const all = names.map((name) => [name, { repository: repositories[name], debug: name === "disk" }]);
    return imagesConfig(Object.fromEntries(all));
  }

  /** An update of these resources alone. */
  function upOf(config: Record<string, string>, ...targets: string[]): Promise<Result> {
    const urns = targets.map((name) => {
      const type = name.includes("-needs-") ? "pulumi:index:Stash" : "versioned-image:index:VersionedImage";
      return `${URN}::${type}::${name}`;
    });
    return stack.up(config, { target: urns });
  }

  function seen(result: Result): Record<Name, Seen> {
    return imagesOf<Name>(result) as unknown as Record<Name, Seen>;
  }

  /** The child of the image without which the engine refuses a resource. */
  async function missing(image: Name, output: string): Promise<string | undefined> {
    const name = `${image}-needs-${output}`;
    const result = await upOf(images(image), name);
    assert.equal(result.succeeded, false, result.text);
    const [error = "", ...more] = errorsOn(result, name);
    assert.deepEqual(more, []);
    return /depends on '\S+::(\S+)' which was was not specified in --target list/.exec(error)?.[1];
  }

  it("has no reference, which nothing else is hindered by", async function () {
    this.timeout(300_000);
    await publishFromDirectory(source.path("elsewhere"), repositories.elsewhere);
    const needs = ["app-needs-nothing", "app-needs-tag", "elsewhere-needs-nothing", "disk-needs-outcome"];
    const others = await upOf({}, ...needs, "alone");
    assert.equal(others.succeeded, true, others.text);
    without = seen(others);
    const made = Object.entries(changes(others)).filter(([name]) => name.includes("-needs-"));
    assert.deepEqual(Object.fromEntries(made), Object.fromEntries(needs.map((name) => [name, "create"])));
    assert.deepEqual(without.app, { tag: source.head().slice(0, 7), ...unknown });
    assert.deepEqual(without.disk, { ...unknown, tag: `${source.head().slice(0, 7)}-debug`, outcome: "debug" });
    for (const name of ["app", "disk"] as const) {
      assert.deepEqual(await registry.tags(repositories[name]), []);
    }
  });

  // The others wait for the same children.
  for (const output of LONG ? ["spec", "reference", "outcome"] : ["reference"]) {
    it(`and was never published is refused to what needs its ${output}`, async () => {
      assert.match((await missing("app", output)) ?? "", /^app-(image|record)$/);
    });
  }

  it("and that another stack has published is refused for the record that is not there", async () => {
    assert.equal(await missing("elsewhere", "reference"), "elsewhere-record");
  });

  it("and is of the disk is refused, too", async () => {
    assert.match((await missing("disk", "reference")) ?? "", /^disk-(debug|record)$/);
  });

  it("is known to all once it is there", async () => {
    all = seen(await stack.up());
    for (const [name, outcome] of [
      ["app", "published"],
      ["elsewhere", "adopted"],
      ["disk", "debug"],
      // It forgets what it could not know when it was updated without its children.
      ["alone", "published"],
    ] as const) {
      const repository = repositories[name];
      const { tag } = all[name];
      const digest = await registry.digest(`${repository}:${tag}`);
      assert.ok(digest);
      assert.deepEqual(all[name], {
        tag,
        spec: `${repository}:${tag}`,
        reference: `${repository}:${tag}@${digest}`,
        digestReference: `${repository}@${digest}`,
        digest,
        outcome,
      });
    }
    assert.equal(all.app.tag, without.app.tag);
  });

  it("stays what it was", async () => {
    source.write("app/main", "two\n").add().commit("Two");
    const stays = seen(await upOf(images("app"), "app-needs-nothing", "app-needs-reference"));
    assert.deepEqual({ ...stays.app, tag: all.app.tag }, all.app);
  });
});
