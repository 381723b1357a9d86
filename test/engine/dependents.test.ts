import * as assert from "node:assert/strict";
import * as path from "node:path";
import { errorsOn } from "../support/project";
import { outputOf, registry } from "../support/registry";
import { type Repo, repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

/** Of images that are named by their moving tags alone, Pulumi knows nothing but `dependsOn`. */
describe("who depends on an image", () => {
  let project: Repo;
  let repository: string;
  let stack: TestStack;

  beforeEach(() => {
    project = repo()
      .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
      .write(".gitignore", "Pulumi.*.yaml\nmanifests/\n")
      .write("base/Dockerfile", "FROM busybox:1.36\nCOPY main /\n")
      .write("base/main", "one\n")
      .write("service/Dockerfile", 'ARG BASE\nFROM $BASE\nCMD ["cat", "/main"]\n')
      .add()
      .commit("Begin");
    repository = registry.repository("dependents");
    stack = new TestStack("test", {
      workDir: project.directory,
      env: process.env,
      program: path.join(__dirname, "programs", "dependents.ts"),
      config: { repository, manifests: project.path("manifests") },
    });
  });

  afterEach(() => {
    stack.forget();
    project.dispose();
  });

  /** What the engine did, in its order. */
  function order(result: Result): string[] {
    return result.steps.filter(({ type }) => !/^pulumi:(providers:|pulumi:Stack$)/.test(type)).map(({ name }) => name);
  }

  it("waits until it is published and its moving tags are moved, another image and a Deployment alike", async () => {
    const all = ["base", "base-image", "base-record", "service", "service-image", "service-record", "deployment"];
    const preview = await stack.preview();
    assert.equal(preview.succeeded, true, preview.text);
    assert.deepEqual(order(preview), all);
    const first = await stack.up();
    assert.equal(first.succeeded, true, first.text);
    assert.deepEqual(order(first), all);
    assert.equal(outputOf(`${repository}/service:latest`), "one\n");
  });

  it("is not touched where the image fails, whose error is the only one", async () => {
    project.write("base/main", "two\n");
    for (const operation of ["preview", "up"] as const) {
      const failed = await stack[operation]();
      assert.equal(failed.succeeded, false, failed.text);
      assert.deepEqual(order(failed), ["base"]);
      assert.match(errorsOn(failed, "base").join(), /^base has uncommitted changes:.*\[UncommittedChanges\]$/s);
      // The Automation API repeats it for the stack.
      const others = failed.diagnostics.filter(({ severity, urn }) => severity === "error" && !urn.endsWith("::base"));
      assert.deepEqual(
        others.map(({ message }) => message.slice(0, message.indexOf(":"))),
        ["One or more errors occurred"],
      );
    }
  });

  it("is not touched where the image's build fails, and nothing waits for ever", async () => {
    project.write("base/Dockerfile", "FROM busybox:1.36\nRUN false\n").add().commit();
    const failed = await stack.up();
    assert.equal(failed.succeeded, false, failed.text);
    assert.deepEqual(order(failed), ["base", "base-image"]);
    assert.match(
      errorsOn(failed, "base").join(),
      /^base: the build of [0-9a-f]{7} failed at line 2 of Dockerfile: RUN false\n/,
    );
  });
});
