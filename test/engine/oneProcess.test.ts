import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace, type OpMap } from "@pulumi/pulumi/automation";
import { VersionedImage } from "../../components";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";

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
    const up = async () => {
      const { outputs, summary } = await stack.up();
      const tags = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
      return { tags, changes: summary.resourceChanges as OpMap };
    };
    const tag = () => project.head().slice(0, 7);
    try {
      const first = await up();
      assert.deepEqual(first.tags, { one: tag(), two: tag() });

      project.write("app/main", "two\n");
      await assert.rejects(up(), /\[UncommittedChanges\]/);

      project.add().commit();
      const second = await up();
      assert.deepEqual(second.tags, { one: tag(), two: tag() });
      assert.equal(second.changes.delete, undefined);
      assert.equal(registry.pushesTo(repositories.one), 2);

      names = ["one"];
      const third = await up();
      assert.deepEqual(third.tags, { one: tag() });
      assert.deepEqual(third.changes, { same: 4, delete: 3 });
    } finally {
      rmSync(state, { recursive: true });
      project.dispose();
    }
  });
});
