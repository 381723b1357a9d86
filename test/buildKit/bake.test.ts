import * as assert from "node:assert/strict";
import * as path from "node:path";
import { farms } from "../support/buildKit";
import { changes } from "../support/project";
import { registry } from "../support/registry";
import { repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const PROGRAM = path.resolve(__dirname, "../engine/programs/baked.ts");

const BAKE = `
group "default" { targets = ["api", "web"] }
target "base" { context = "images/base" }
target "_common" { contexts = { base = "target:base" } }
target "api" {
  inherits = ["_common"]
  context  = "images/api"
}
target "web" {
  inherits = ["_common"]
  context  = "images/web"
}
`;

describe("the images of a bake file", () => {
  it("are published, and follow the target that they are built on", async function () {
    this.timeout(600_000);
    const project = repo()
      .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
      .write(".gitignore", "Pulumi.*.yaml\n")
      .write("docker-bake.hcl", BAKE)
      .write("images/base/Dockerfile", "FROM scratch\nCOPY Dockerfile /base\n")
      .write("images/api/Dockerfile", "FROM base\nCOPY Dockerfile /api\n")
      .write("images/web/Dockerfile", "FROM base\nCOPY Dockerfile /web\n")
      .add()
      .commit("Begin");
    const repository = `${registry.repository("baked")}-{name}`;
    const stack = new TestStack("dev", {
      workDir: project.directory,
      env: { ...process.env, DOCKER_HOST: "unix:///nonexistent.sock", DOCKER_CONFIG: farms.one },
      program: PROGRAM,
      config: { repository },
    });
    const images = (result: Result) => {
      assert.equal(result.succeeded, true, result.text);
      return result.outputs.images as Record<string, { tag: string; digest: string; outcome: string }>;
    };
    const allAt = (tag: string, made: ReturnType<typeof images>) => {
      for (const name of ["base", "api", "web"]) {
        assert.deepEqual([made[name]?.tag, made[name]?.outcome], [tag, "published"]);
      }
    };
    try {
      const first = images(await stack.up());
      allAt(project.head().slice(0, 7), first);
      assert.equal(
        await registry.digest(`${repository.replace("{name}", "api")}:${first.api?.tag}`),
        first.api?.digest,
      );
      assert.deepEqual(changes(await stack.preview()), {});
      project.write("images/base/more", "1\n").add().commit("Touch base");
      allAt(project.head().slice(0, 7), images(await stack.up()));
    } finally {
      stack.forget();
      project.dispose();
    }
  });
});
