import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { OLDEST_ENGINE } from "../../components/pulumi/engine";
import { errorsOn, imageProject } from "../support/project";
import { TestStack } from "../support/stack";

/** Promise 10: an engine that is too old gets a sentence, not a riddle. */
describe("a production tag 10. under an engine that is too old", () => {
  it("ends with what to do", async () => {
    const project = imageProject();
    const program = path.join(__dirname, "programs/tooOld.ts");
    const stack = new TestStack("test", { workDir: project.directory, env: process.env, program });
    try {
      const result = await stack.preview();
      assert.equal(result.succeeded, false, result.text);
      const errors = errorsOn(result, "app");
      assert.equal(errors.length, 1, result.text);
      assert.match(
        errors[0] ?? "",
        /^VersionedImage needs Pulumi CLI 99\.0\.0 or later\. Upgrade it .* Pulumi says: .*99\.0\.0.* \[PulumiTooOld\]$/,
      );
    } finally {
      stack.forget();
      project.dispose();
    }
  });

  it("is the same version that the example's Pulumi.yaml asks for", () => {
    const settings = readFileSync(path.join(__dirname, "../../Pulumi.yaml"), "utf8");
    assert.match(settings, new RegExp(`^requiredPulumiVersion: ">=${OLDEST_ENGINE}"$`, "m"));
  });
});
