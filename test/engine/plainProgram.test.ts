import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { hostMissing } from "../support/languageHost";
import { exampleProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";

const ROOT = path.resolve(__dirname, "../..");
const MANIFEST = "manifests/1-manifest/apps_v1-deployment-default-simple.yaml";

/** A program as `pulumi up` runs it; the other tests here run theirs inline, through the Automation API. */
describe("a program of the Node.js language host", function () {
  this.timeout(300_000);
  let project: Repo;
  let state: string;

  before(function () {
    const obstacle = hostMissing("nodejs");
    if (obstacle !== undefined) {
      console.log(`      left out: ${obstacle}`);
      this.skip();
    }
  });

  beforeEach(() => {
    project = exampleProject();
    state = mkdtempSync(path.join(tmpdir(), "state-"));
    for (const name of ["components", "node_modules", "package.json", "tsconfig.json"]) {
      symlinkSync(path.join(ROOT, name), project.path(name));
    }
  });

  afterEach(() => {
    project.dispose();
    rmSync(state, { recursive: true });
  });

  async function exampleStack(): Promise<Stack> {
    const envVars = { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "test" };
    const stack = await LocalWorkspace.createStack({ stackName: "test", workDir: project.directory }, { envVars });
    await stack.setConfig("repository", { value: registry.repository("plain") });
    await stack.setConfig("manifests", { value: "manifests" });
    return stack;
  }

  // Then the SDK knows no resource any more to show an error on.
  const edits: [what: string, edited: (program: string) => string, named: string][] = [
    ["that gives outputs of its image", (program) => program, ""],
    ["that gives none, and so has ended before", (program) => program.replace(/^export const .*\n/gm, ""), "simple: "],
  ];
  for (const [what, edited, named] of edits) {
    it(`${what} shows an error once and without a stack, and deletes nothing`, async () => {
      project.write("index.ts", edited(readFileSync(project.path("index.ts"), "utf8")));
      const stack = await exampleStack();
      await stack.up();
      project.write("images/simple/Dockerfile", "FROM scratch\n");
      for (const operation of ["preview", "up"] as const) {
        let text = "";
        const onOutput = (more: string) => {
          text += more;
        };
        await assert.rejects(stack[operation]({ color: "never", onOutput }));
        const diagnostics = text.slice(text.indexOf("Diagnostics:"));
        const error =
          "images/simple has uncommitted changes:\n +M images/simple/Dockerfile\n +Commit them .*\\[UncommittedChanges\\]";
        assert.match(diagnostics, new RegExp(` error: ${named}${error}\n\n`));
        assert.equal(diagnostics.match(/error:/g)?.length, 1, diagnostics);
        assert.doesNotMatch(diagnostics, /PromiseRejectionHandledWarning/);
      }
      assert.equal(existsSync(project.path(MANIFEST)), true);
      project.git("checkout", "--quiet", "images");
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 6 });
    });
  }
});
