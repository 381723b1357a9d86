import * as assert from "node:assert/strict";
import * as path from "node:path";
import { farms } from "../support/buildKit";
import { LONG } from "../support/long";
import { changes } from "../support/project";
import { registry } from "../support/registry";
import { repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";
import { cli } from "../unit/cli/setup";

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

/** All that a target can say of its content, on a base. */
const FULL = `
group "default" { targets = ["api"] }
variable "WORD" { default = "w" }
function "twice" {
  params = [word]
  result = "\${word}\${word}"
}
target "base" {
  context   = "images/base"
  platforms = ["linux/arm64", "linux/amd64"]
}
target "api" {
  context    = "images/api"
  dockerfile = "../Dockerfile.api"
  contexts   = { base = "target:base", lib = "lib" }
  args       = { WORD = twice(WORD), NONE = null, HCL = "$\${x} %%{y}" }
  target     = "last"
  platforms  = ["linux/arm64", "linux/amd64"]
  secret     = [{ id = "token", env = "TOKEN" }, { id = "file", src = "token,file" }]
  extra-hosts = { "b.example" = "10.0.0.2", "a.example" = "10.0.0.1" }
  network    = "none"
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

  // What a target says means the same to the command line and to a program: neither builds again what the other has published.
  if (LONG) {
    it("are those that publish --bake makes of it, digest for digest and in both orders", async function () {
      this.timeout(600_000);
      const home = process.cwd();
      const project = repo()
        .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
        .write(".gitignore", "Pulumi.*.yaml\n/token,file\n")
        .write("docker-bake.hcl", FULL)
        .write("images/base/Dockerfile", "FROM scratch\nCOPY Dockerfile /base\n")
        .write(
          "images/Dockerfile.api",
          "FROM base AS last\nARG WORD\nLABEL word=$WORD\nCOPY --from=lib code /code\nFROM scratch\n",
        )
        .write("images/api/file", "1\n")
        .write("lib/code", "1\n")
        .add()
        .commit("Begin")
        .write("token,file", "t\n");
      const env = { ...process.env, DOCKER_HOST: "unix:///nonexistent.sock", TOKEN: "t" };
      const published = async (repository: string) => {
        const argv = ["publish", "api", "--bake", "docker-bake.hcl", "--builder", "farm", "--repository", repository];
        const { status, out, err } = await cli([...argv, "--json"], { env: { ...env, DOCKER_CONFIG: farms.other } });
        assert.equal(status, 0, err + out);
        return JSON.parse(out).images as { name: string; digest: string; outcome: string }[];
      };
      type Fates = Record<string, { digest: string; outcome: string }>;
      const fates = (made: { name: string; digest: string; outcome: string }[]): Fates =>
        Object.fromEntries(made.map(({ name, digest, outcome }) => [name, { digest, outcome }]));
      const outcomes = (made: Fates) =>
        Object.fromEntries(Object.entries(made).map(([name, { outcome }]) => [name, outcome]));
      const adopted = (made: Fates): Fates =>
        Object.fromEntries(Object.entries(made).map(([name, { digest }]) => [name, { digest, outcome: "adopted" }]));
      const stackOf = (repository: string) =>
        new TestStack("dev", {
          workDir: project.directory,
          env: { ...env, DOCKER_CONFIG: farms.one },
          program: PROGRAM,
          config: { repository },
        });
      const [one, two] = [registry.repository("baked"), registry.repository("baked")].map(
        (each) => `${each}-{name}`,
      ) as [string, string];
      const [deployer, builder] = [stackOf(one), stackOf(two)];
      const upped = async (stack: TestStack) => {
        const result = await stack.up();
        assert.equal(result.succeeded, true, result.text);
        const images = result.outputs.images as Record<string, { digest: string; outcome: string }>;
        return fates(Object.entries(images).map(([name, image]) => ({ name, ...image })));
      };
      try {
        process.chdir(project.directory);
        const first = fates(await published(one));
        assert.deepEqual(outcomes(first), { api: "published", base: "published" });
        assert.deepEqual(await upped(deployer), adopted(first));
        assert.deepEqual(changes(await deployer.preview()), {});
        const second = await upped(builder);
        // The labels of an image name the repository of its base.
        assert.deepEqual([outcomes(second), second.base], [outcomes(first), first.base]);
        assert.deepEqual(fates(await published(two)), adopted(second));
        assert.deepEqual(changes(await builder.preview()), {});
      } finally {
        process.chdir(home);
        deployer.forget();
        builder.forget();
        project.dispose();
      }
    });
  }
});
