import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { TYPESCRIPT } from "../../scripts/setup/paths";
import { which } from "../../scripts/setup/run";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const PACK = path.resolve(__dirname, "../../examples/policy");
const FOREIGN = `example.com/foreign:1@sha256:${"a".repeat(64)}`;

/** The policy pack of the examples on the real engine, over a stack with a VersionedImage. */
describe("the policy pack on the engine", () => {
  let project: Repo;
  let scratch: string;
  let stack: TestStack;
  let policyPack: string;

  before(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "policy-"));
    policyPack = which("pulumi-language-nodejs") ? PACK : executable();
  });

  after(() => rmSync(scratch, { recursive: true }));

  beforeEach(() => {
    project = imageProject();
    stack = new TestStack("test", {
      workDir: project.directory,
      env: process.env,
      program: path.join(__dirname, "programs", "workloads.ts"),
      config: { repository: `${registry.repository("policy")}/app` },
    });
  });

  afterEach(() => {
    stack.forget();
    project.dispose();
  });

  /** The pack as a program of its own: what the engine can also start where it has no language host of Node.js. */
  function executable(): string {
    const file = path.join(scratch, "pack");
    const command = `"${process.execPath}" ${TYPESCRIPT.map((word) => `"${word}"`).join(" ")} index.ts`;
    writeFileSync(file, `#!/bin/sh\ncd "${PACK}" && exec ${command}\n`, { mode: 0o755 });
    return file;
  }

  function run(kind: "preview" | "up", config: Record<string, string> = {}, policyConfig: object = {}) {
    const policyPackConfig = path.join(scratch, "config.json");
    writeFileSync(policyPackConfig, JSON.stringify(policyConfig));
    return stack.start(kind, config, { policyPack, policyPackConfig }).result;
  }

  function violations(result: Result): string[] {
    return result.violations.map(({ policy, level, urn }) => `${level} ${policy} ${urn.split("::").at(-1)}`).sort();
  }

  it("refuses other images in a preview, but those that its configuration trusts, while the stack's own is unknown", async () => {
    const others = { foreign: FOREIGN, loose: "example.com/loose:1", trusted: FOREIGN.replace("foreign", "trusted") };
    const trusted = { "verified-image": { trusted: ["example.com/trusted"] } };
    const result = await run("preview", { others: JSON.stringify(others) }, trusted);
    assert.equal(result.succeeded, false, result.text);
    assert.deepEqual(violations(result), [
      "mandatory pinned-image loose",
      "mandatory verified-image foreign",
      "mandatory verified-image loose",
    ]);
    // A policy that can't be run says so as an advice.
    assert.doesNotMatch(result.text, /can't run policy/);
  });

  it("allows a VersionedImage's reference in an update, and in a preview that knows it", async () => {
    for (const kind of ["up", "preview"] as const) {
      const result = await run(kind);
      assert.equal(result.succeeded, true, result.text);
      assert.deepEqual(violations(result), []);
      assert.doesNotMatch(result.text, /can't run policy/);
    }
  });

  it("stops a debug image in the update, before it is deployed, and allows it where the policy is turned off", async () => {
    const refused = await run("up", { debug: "true" });
    assert.equal(refused.succeeded, false, refused.text);
    assert.deepEqual(violations(refused), ["mandatory no-debug-image app"]);
    assert.equal(existsSync(project.path("manifests")), false);

    const allowed = await run("up", { debug: "true" }, { "no-debug-image": "disabled" });
    assert.equal(allowed.succeeded, true, allowed.text);
    assert.deepEqual(violations(allowed), []);
    assert.equal(existsSync(project.path("manifests")), true);
  });
}).timeout(120_000);
