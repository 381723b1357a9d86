import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { VersionedImage } from "../../components";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";
import { updateInline } from "../support/updateInline";

/** An inline program, run again and again by the process that holds it. */
describe("updates of one process", () => {
  it("follow the program after one that failed: publish, and delete what is not declared any more", async () => {
    const project = imageProject();
    const repositories = { one: registry.repository("one"), two: registry.repository("two") };
    const state = mkdtempSync(path.join(tmpdir(), "state-"));
    let names: ("one" | "two")[] = ["one", "two"];
    const stack = await LocalWorkspace.createOrSelectStack(
      {
        stackName: "test",
        projectName: "process",
        program: async () => {
          const imageOf = (name: "one" | "two") =>
            new VersionedImage(name, { context: project.path("app"), repository: repositories[name] });
          return Object.fromEntries(names.map((name) => [name, imageOf(name).tag]));
        },
      },
      {
        envVars: { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "test" },
      },
    );
    const tag = () => project.head().slice(0, 7);
    try {
      const first = await updateInline(stack);
      assert.deepEqual(first.outputs, { one: tag(), two: tag() });

      project.write("app/main", "two\n");
      await assert.rejects(updateInline(stack), /\[UncommittedChanges\]/);

      project.add().commit();
      const second = await updateInline(stack);
      assert.deepEqual(second.outputs, { one: tag(), two: tag() });
      assert.equal(second.changes.delete, undefined);
      assert.equal(registry.pushesTo(repositories.one), 2);

      names = ["one"];
      const third = await updateInline(stack);
      assert.deepEqual(third.outputs, { one: tag() });
      assert.deepEqual(third.changes, { same: 4, delete: 3 });
    } finally {
      rmSync(state, { recursive: true });
      project.dispose();
    }
  });
});
