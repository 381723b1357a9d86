import * as assert from "node:assert/strict";
import * as path from "node:path";
import { changes } from "../support/project";
import { registry } from "../support/registry";
import { type Repo, repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const PROGRAM = path.resolve(__dirname, "programs/based.ts");

interface Image {
  tag: string;
  reference: string;
  digest: string;
  covers: string[];
  outcome: string;
}

function imagesOf(result: Result): Record<string, Image> {
  assert.equal(result.succeeded, true, result.text);
  return result.outputs.images as Record<string, Image>;
}

describe("images built on images", () => {
  let project: Repo;
  let stack: TestStack;
  const described = (extra: Record<string, object> = {}) => ({
    images: JSON.stringify({
      base: { context: "images/base", repository: registry.repository("base"), ...extra.base },
      api: { context: "images/api", repository: registry.repository("api"), on: { BASE: "base" }, ...extra.api },
    }),
  });

  beforeEach(() => {
    project = repo();
    project
      .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
      .write(".gitignore", "Pulumi.*.yaml\n")
      .write("images/base/Dockerfile", "FROM scratch\nCOPY base /base\n")
      .write("images/base/base", "one\n")
      .write("images/api/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY api /api\n")
      .write("images/api/api", "one\n")
      .add()
      .commit("Begin");
    stack = new TestStack("test", {
      workDir: project.directory,
      env: process.env,
      program: PROGRAM,
      config: described(),
    });
  });

  afterEach(() => {
    stack.forget();
    project.dispose();
  });

  it("follow their base", async () => {
    const preview = await stack.preview();
    assert.equal(preview.succeeded, true, preview.text);
    const first = imagesOf(await stack.up());
    assert.deepEqual(first.api?.covers, ["images/api", "images/base"]);
    project.write("images/base/base", "two\n").add().commit("Base");
    const tag = project.head().slice(0, 7);
    const again = await stack.preview();
    assert.equal(again.succeeded, true, again.text);
    const result = await stack.up();
    const second = imagesOf(result);
    assert.deepEqual([second.base?.tag, second.api?.tag], [tag, tag]);
    assert.notEqual(second.api?.digest, first.api?.digest);
    const empty = await stack.preview();
    assert.deepEqual(changes(empty), {}, empty.text);
  });
});
