import * as assert from "node:assert/strict";
import { changes, errorsOn, exampleProject, infoOn, renderedDeployment } from "../support/project";
import { outputOf, registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const COMMITTED = "simple runs with:\nflask==3.1.0\ngunicorn==23.0.0\n";

/** The project's own program, on a real engine, Docker daemon and registry: one stack's life. */
describe("the example stack", () => {
  let project: Repo;
  let stack: TestStack;
  let repository: string;
  let first: { tag: string; digest: string };

  before(() => {
    project = exampleProject();
    repository = registry.repository("simple");
    stack = new TestStack("dev", {
      workDir: project.directory,
      env: process.env,
      config: { repository, manifests: "manifests" },
    });
  });

  after(() => {
    stack.forget();
    project.dispose();
  });

  function tagOf(context = "images/simple"): string {
    return project.git("log", "-n", "1", "--format=%H", "--", context).slice(0, 7);
  }

  function failed(result: Result): void {
    assert.equal(result.succeeded, false, result.text);
  }

  function succeeded(result: Result): Result {
    assert.equal(result.succeeded, true, result.text);
    return result;
  }

  it("shows the tag in preview, says what will happen, and changes nothing", async () => {
    const result = succeeded(await stack.preview());
    assert.deepEqual(infoOn(result, "simple"), [
      `simple: ${tagOf()} (commit ${tagOf()} "Begin", ${ageInWords(project)}): will be built and pushed to ${repository}`,
    ]);
    assert.deepEqual(changes(result), {
      simple: "create",
      "simple-image": "create",
      "simple-record": "create",
    });
    assert.deepEqual(await registry.tags(repository), []);
    assert.equal(renderedDeployment(project), undefined);
  });

  it("publishes and deploys in an update, by the digest that the registry serves", async () => {
    const result = succeeded(await stack.up());
    const spec = `${repository}:${tagOf()}`;
    const digest = await registry.digest(spec);
    assert.ok(digest);
    assert.deepEqual(result.outputs, { tag: tagOf(), spec, reference: `${spec}@${digest}` });
    assert.match(renderedDeployment(project) ?? "", new RegExp(`image: ['"]?${spec}@${digest}['"]?\n`));
    assert.equal(registry.pushes(spec), 1);
    first = { tag: tagOf(), digest };
  });

  it("runs what the committed files say", () => {
    assert.equal(outputOf(`${repository}:${first.tag}`), COMMITTED);
  });

  it("labels the image with its origin", async () => {
    assert.deepEqual(await registry.labels(`${repository}:${first.tag}`), {
      "dev.versioned-image.bases": "",
      "dev.versioned-image.build": "platform=linux/amd64 dockerfile=Dockerfile",
      "dev.versioned-image.context": "images/simple",
      "dev.versioned-image.dirty": "",
      "dev.versioned-image.dockerfile": "images/simple/Dockerfile",
      "dev.versioned-image.paths": '["images/simple"]',
      "dev.versioned-image.tree": project.git("rev-parse", "HEAD:images/simple"),
      "org.opencontainers.image.base.digest": "",
      "org.opencontainers.image.base.name": "",
      "org.opencontainers.image.created": new Date(1000 * Number(project.git("log", "-1", "--format=%ct")))
        .toISOString()
        .replace(".000", ""),
      "org.opencontainers.image.revision": project.head(),
      "org.opencontainers.image.source": "",
      "org.opencontainers.image.title": "simple",
      "org.opencontainers.image.version": first.tag,
    });
  });

  it("changes and builds nothing in a second update, after a commit elsewhere and with uncommitted files there", async () => {
    project.write("elsewhere", "x").add().commit("Elsewhere").write("dirty", "x");
    const result = succeeded(await stack.up());
    assert.deepEqual(changes(result), {});
    assert.equal(result.outputs.tag, first.tag);
    assert.equal(registry.pushesTo(repository), 1);
  });

  it("refuses uncommitted files inside, in preview and update, with one clean diagnostic", async () => {
    project.write("images/simple/requirements.txt", "flask==0\n").write("images/simple/new file", "x");
    const expected =
      "images/simple has uncommitted changes:\n   M images/simple/requirements.txt\n  ?? images/simple/new file\n" +
      "Commit them to publish a version, or set debug (--debug) to publish the files on disk under a -debug tag. [UncommittedChanges]";
    for (const result of [await stack.preview(), await stack.up()]) {
      failed(result);
      assert.deepEqual(errorsOn(result, "simple"), [expected]);
      assert.doesNotMatch(result.text, /\n\s+at .*\.(ts|js):\d+/);
    }
    assert.equal(registry.pushesTo(repository), 1);
    assert.match(renderedDeployment(project) ?? "", new RegExp(first.digest));
  });

  it("publishes what is on disk in debug mode, under a tag of its own", async () => {
    const result = succeeded(await stack.up({ debug: "true" }));
    const spec = `${repository}:${first.tag}-debug`;
    assert.equal(result.outputs.tag, `${first.tag}-debug`);
    assert.equal(result.outputs.reference, `${spec}@${await registry.digest(spec)}`);
    assert.equal(outputOf(spec), "simple runs with:\nflask==0\n");
    assert.equal((await registry.labels(spec))["dev.versioned-image.dirty"], "true");
  });

  it("rolls the Deployment to a changed debug image under the same tag", async () => {
    const spec = `${repository}:${first.tag}-debug`;
    const before = await registry.digest(spec);
    project.write("images/simple/requirements.txt", "flask==1\n");
    const result = succeeded(await stack.up({ debug: "true" }));
    const after = await registry.digest(spec);
    assert.deepEqual(changes(result), { "simple-debug": "update", simple: "update" });
    assert.notEqual(after, before);
    assert.equal(result.outputs.reference, `${spec}@${after}`);
    assert.match(renderedDeployment(project) ?? "", new RegExp(`${first.tag}-debug@${after}`));
  });

  it("gives a commit inside a new tag, and leaves the old one", async () => {
    project.add().commit("Fix worker");
    const result = succeeded(await stack.up({ debug: "false" }));
    assert.equal(result.outputs.tag, tagOf());
    assert.notEqual(tagOf(), first.tag);
    assert.equal(await registry.digest(`${repository}:${first.tag}`), first.digest);
    assert.deepEqual(await registry.tags(repository), [first.tag, `${first.tag}-debug`, tagOf()].sort());
    assert.equal(registry.pushes(`${repository}:${first.tag}`), 1);
    assert.equal(registry.pushes(`${repository}:${tagOf()}`), 1);
  });

  it("refuses a setting of the wrong type, and leaves all as it is", async () => {
    const before = renderedDeployment(project);
    const result = await stack.up({ debug: "perhaps" });
    failed(result);
    assert.match(result.text, /debug/);
    assert.equal(renderedDeployment(project), before);
    assert.equal(registry.pushesTo(repository), 4);
  });

  it("leaves the images when it is destroyed", async () => {
    succeeded(await stack.destroy());
    assert.equal(await registry.digest(`${repository}:${first.tag}`), first.digest);
    assert.equal((await registry.tags(repository)).length, 3);
    assert.equal(renderedDeployment(project), undefined);
  });
});

/** How long ago the test repository's fixed dates are, in years, as the message puts it. */
function ageInWords(project: Repo): string {
  const seconds = Date.now() / 1000 - Number(project.git("log", "-1", "--format=%ct"));
  const years = Math.floor(seconds / (365 * 86_400));
  return `${years} year${years === 1 ? "" : "s"} ago`;
}
