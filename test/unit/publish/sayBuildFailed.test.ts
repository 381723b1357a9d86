import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Builder } from "../../../components/args";
import { sayBuildFailed } from "../../../components/publish/sayBuildFailed";
import type { Subject } from "../../../components/publish/subject";

describe("what is said of a build that failed", () => {
  let context: string;

  beforeEach(() => {
    context = mkdtempSync(path.join(tmpdir(), "failed-"));
  });

  afterEach(() => rmSync(context, { recursive: true, force: true }));

  const subject = {
    ...{ name: "app", dockerfile: "Dockerfile", version: { tag: "88d38d9" } },
    ...{ args: { context: "app" }, build: { builder: Builder.Docker } },
  } as Subject;

  /** Its own error, which the engine shows, is the one that counts. */
  for (const [what, spoil] of [
    ["the Dockerfile is gone", () => {}],
    ["its directory is gone", () => rmSync(context, { recursive: true })],
    ["the Dockerfile is elsewhere", () => symlinkSync("/dev/null", path.join(context, "Dockerfile"))],
  ] as const) {
    it(`is nothing where ${what}, and no error`, async () => {
      spoil();
      await sayBuildFailed(subject, { context, dockerfile: "", named: undefined }, ["exit code: 1"]);
      assert.equal(pulumi.log.hasErrors(), false);
    });
  }
});
