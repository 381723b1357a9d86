import * as assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { changes, errorsOn, imageConfig, imageProject } from "../support/project";
import { registry } from "../support/registry";
import { TestStack } from "../support/stack";

/** An update without a preview, of a program that hands on no output of its image. */
describe("an update that fails", () => {
  it("deletes nothing of what runs", async () => {
    const project = imageProject();
    const manifests = project.path("manifests");
    const stack = new TestStack("test", {
      workDir: project.directory,
      env: process.env,
      program: path.join(__dirname, "programs", "monorepo.ts"),
      config: { ...imageConfig({ repository: registry.repository("failed") }), manifests },
    });
    try {
      const published = await stack.up();
      assert.equal(published.succeeded, true, published.text);
      project.write("app/main", "two\n");
      const failed = await stack.up();
      assert.equal(failed.succeeded, false, failed.text);
      assert.equal(errorsOn(failed, "app").length, 1, failed.text);
      assert.match(errorsOn(failed, "app")[0] ?? "", /\[UncommittedChanges\]$/);
      assert.deepEqual(changes(failed), {});
      assert.equal(existsSync(path.join(manifests, "1-manifest/apps_v1-deployment-default-app.yaml")), true);
    } finally {
      stack.forget();
      project.dispose();
    }
  });
});
