import * as assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { bakeImages } from "../../components";
import { knownValue } from "../../components/pulumi/outputs";
import { ABSENT, FakeRegistry } from "../support/fakeRegistry";
import { declaredBy } from "../support/mocked";
import { type Repo, repo } from "../support/repo";

/** What a program gets from a bake file, under Pulumi's mocks; a script stands for the docker command. */
describe("bakeImages", () => {
  const saved = { home: process.cwd(), path: process.env.PATH };
  let project: Repo;
  let registry: FakeRegistry;

  beforeEach(async () => {
    project = repo()
      .write("base/Dockerfile", "FROM scratch\n")
      .write("api/Dockerfile", "FROM base\n")
      .add()
      .commit("Begin")
      .write("base/main", "one\n")
      .add()
      .commit("Touch base");
    registry = await FakeRegistry.start(() => ABSENT);
    process.chdir(project.directory);
    process.env.PATH = `${project.path("bin")}:${saved.path}`;
  });

  afterEach(async () => {
    process.chdir(saved.home);
    process.env.PATH = saved.path;
    await registry.stop();
    project.dispose();
  });

  function printing(target: object): void {
    const printed = JSON.stringify({ group: { default: { targets: ["api"] } }, target });
    project.write("bin/docker", `#!/bin/sh\ncat <<'END'\n${printed}\nEND\n`);
    chmodSync(path.join(project.path("bin"), "docker"), 0o755);
  }

  it("makes each target, with its base, its secrets and its repository", async () => {
    writeFileSync(project.path("token.key"), "s3cret");
    const secret = [{ id: "token", src: "token.key" }];
    printing({ api: { context: "api", contexts: { base: "target:base" }, secret }, base: { context: "base" } });
    const head = project.head().slice(0, 7);
    const { made, declared } = await declaredBy(
      () => bakeImages("docker-bake.hcl", { repository: `${registry.host}/{name}`, tagPrefix: "v-" }),
      { preview: true },
    );
    assert.deepEqual(Object.keys(made), ["base", "api"]);
    assert.equal(await knownValue(made.base?.spec ?? ""), `${registry.host}/base:v-${head}`);
    assert.equal(await knownValue(made.api?.spec ?? ""), `${registry.host}/api:v-${head}`);
    assert.deepEqual(await knownValue(made.api?.covers ?? []), ["api", "base"]);
    const images = declared.filter(({ type }) => type === "docker-build:index:Image");
    assert.deepEqual(
      images.map(({ name }) => name),
      ["base-image", "api-image"],
    );
    assert.match(JSON.stringify(images[1]?.inputs.secrets), /s3cret/);
  });

  it("makes none where one is refused, or has no repository", async () => {
    printing({ api: { context: "api", "dockerfile-inline": "FROM scratch" }, base: {} });
    await declaredBy(() =>
      assert.rejects(bakeImages("x.hcl"), /^Error: The bake target api has the dockerfile-inline: .* \[BakeUnfit\]$/),
    );
    printing({ api: { context: "api" } });
    await declaredBy(() =>
      assert.rejects(bakeImages("x.hcl"), /has no tag with a registry's host\. .* \[BakeUnfit\]$/),
    );
  });
});
