import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LONG } from "../support/long";
import { imageProject, imageStack, succeeded } from "../support/project";
import { registry } from "../support/registry";

const long = LONG ? it : () => {};

describe("an update that is bound to a saved plan", () => {
  long("is refused by the engine before anything is pushed or copied", async () => {
    const project = imageProject();
    const home = mkdtempSync(path.join(tmpdir(), "plan-"));
    const staging = registry.repository("plan");
    const production = registry.repository("planned");
    const publisher = imageStack(project, { repository: staging });
    const copier = imageStack(project, { repository: production, copyFrom: staging }, { name: "production" });
    try {
      for (const [stack, repository] of [
        [publisher, staging],
        [copier, production],
      ] as const) {
        const plan = path.join(home, stack.name);
        const preview = await stack.preview({}, { plan });
        assert.equal(preview.succeeded, true, preview.text);
        const update = await stack.up({}, { plan });
        assert.equal(update.succeeded, false);
        assert.match(update.text, / violates plan: /);
        assert.deepEqual(await registry.tags(repository), []);
        succeeded(await stack.up());
      }
    } finally {
      publisher.forget();
      copier.forget();
      project.dispose();
      rmSync(home, { recursive: true });
    }
  });
});
