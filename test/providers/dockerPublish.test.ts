import * as assert from "node:assert/strict";
import { registry } from "../support/registry";
import { behaviours } from "./support/behaviours";
import type { Properties } from "./support/plugin";
import { secret, UNKNOWN } from "./support/properties";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

behaviours("docker", "images", (at) => {
  let repository: string;

  beforeEach(() => {
    repository = registry.repository("provider");
    at.write("app/Dockerfile", "FROM scratch AS other\nCOPY main /other\nFROM scratch\nARG A\nCOPY main /main\n");
    at.write("app/main", "one\n");
    at.plugin.log();
  });

  const check = (build: Properties = {}, more: Properties = {}) =>
    at.plugin.check({
      imageName: `${repository}:1`,
      build: { context: "app", platform: "linux/amd64", ...build },
      ...more,
    });
  const publish = async (build?: Properties, more?: Properties) => at.plugin.create(await check(build, more));

  it("are not built in a preview: the inputs come back, without an id or a digest", async () => {
    const inputs = await check({ args: { A: UNKNOWN } });
    assert.deepEqual(await at.plugin.create(inputs, true), { id: "", properties: inputs });
    assert.deepEqual(await at.plugin.update("id", { __inputs: secret(inputs) }, inputs, true), inputs);
    assert.equal(await registry.digest(`${repository}:1`), undefined);
  });

  it("are built and pushed: the outputs tell the digest, and the inputs are kept as a secret", async () => {
    const inputs = await check();
    const { id, properties } = await at.plugin.create(inputs);
    const digest = await registry.digest(`${repository}:1`);
    assert.match(digest ?? "", DIGEST);
    assert.equal(id, `${repository}:1`);
    assert.deepEqual(properties, {
      __inputs: secret(inputs),
      baseImageName: `${repository}:1`,
      context: "app",
      dockerfile: "Dockerfile",
      imageName: `${repository}:1`,
      platform: "linux/amd64",
      registryServer: "",
      repoDigest: `${repository}@${digest}`,
    });
  });

  it("overwrite what the registry holds under their tag, whether created or updated", async () => {
    const { id, properties } = await publish();
    const first = await registry.digest(`${repository}:1`);
    at.write("app/main", "two\n");
    await publish();
    const second = await registry.digest(`${repository}:1`);
    const third = await at.plugin.update(id, properties, await check({ target: "other" }));
    assert.equal(third.repoDigest, `${repository}@${await registry.digest(`${repository}:1`)}`);
    assert.equal(new Set([first, second, await registry.digest(`${repository}:1`)]).size, 3);
    assert.equal(registry.pushes(`${repository}:1`), 3);
  });

  it("stay in the registry when deleted, and are read from the state alone", async () => {
    const { id, properties } = await publish();
    await at.plugin.delete(id, properties);
    assert.match((await registry.digest(`${repository}:1`)) ?? "", DIGEST);
    assert.deepEqual(await at.plugin.read("gone", { imageName: "gone", __inputs: secret({ a: "b" }) }), {
      id: "gone",
      properties: { imageName: "gone", __inputs: secret({ a: "b" }) },
    });
  });

  it("without a tag are pushed as latest", async () => {
    const { properties } = await publish({}, { imageName: repository });
    assert.equal(properties.repoDigest, `${repository}@${await registry.digest(`${repository}:latest`)}`);
  });

  it("are built in a preview and not pushed if the inputs ask for it", async () => {
    const { id, properties } = await at.plugin.create(await check({}, { buildOnPreview: true }), true);
    assert.equal(id, `${repository}:1`);
    assert.match(properties.repoDigest as string, DIGEST);
    assert.equal(await registry.digest(`${repository}:1`), undefined);
  });

  it("are not built in a preview that can't know their inputs, and people are told so", async () => {
    const inputs = await check({ args: { A: UNKNOWN } }, { buildOnPreview: true });
    assert.deepEqual(await at.plugin.create(inputs, true), { id: "", properties: inputs });
    const [line] = at.plugin.log();
    assert.equal(line?.severity, "warning");
    assert.match(line?.message ?? "", /^Minimum inputs for build are unresolved/);
  });

  it("are only built if the inputs say so", async () => {
    const { properties } = await publish({}, { skipPush: true });
    assert.match(properties.repoDigest as string, DIGEST);
    assert.equal(await registry.digest(`${repository}:1`), undefined);
  });

  it("may have a Dockerfile outside their context", async () => {
    at.write("elsewhere/Dockerfile", "FROM scratch\nCOPY main /elsewhere\n");
    const { properties } = await publish({ context: "./app", dockerfile: "./elsewhere/Dockerfile" });
    assert.equal(properties.dockerfile, "../elsewhere/Dockerfile");
    assert.equal(properties.context, "./app");
    assert.match((await registry.digest(`${repository}:1`)) ?? "", DIGEST);
  });

  it("may be built with the older builder", async () => {
    await publish({ builderVersion: "BuilderV1" });
    assert.match((await registry.digest(`${repository}:1`)) ?? "", DIGEST);
  });

  it("are built without a cache that can't be had, and people are told so", async () => {
    const cache = registry.repository("none");
    await publish({ cacheFrom: { images: [`${cache}:1`] } });
    const [line, ...others] = at.plugin.log();
    assert.deepEqual(others, []);
    assert.equal(line?.severity, "info");
    assert.match(line?.message ?? "", new RegExp(`^cacheFrom image ${cache}:1 not available: .*manifest unknown`));
  });

  it("don't hold what is ignored", async () => {
    at.write("app/.dockerignore", "secret\n");
    at.write("app/secret", "secret");
    at.write("app/Dockerfile", "FROM scratch\nCOPY secret /\n");
    await assert.rejects(publish(), { message: /^error reading build output: .*"\/secret" not found/ });
    at.write("app/.dockerignore", "");
    await publish();
    assert.equal(registry.pushes(`${repository}:1`), 1);
  });

  const failures: [what: string, dockerfile: string, build: Properties, words: RegExp][] = [
    ["a missing file", "FROM scratch\nCOPY nowhere /", {}, /"\/nowhere" not found/],
    [
      "an unknown target",
      "FROM scratch\nCOPY main /",
      { target: "nowhere" },
      /target stage nowhere could not be found/,
    ],
    ["an unknown instruction", "FROM scratch\nNOWHERE", {}, /unknown instruction: NOWHERE/],
  ];
  for (const [what, dockerfile, build, words] of failures) {
    it(`fail for ${what} with the builder's words, and nothing is pushed`, async () => {
      at.write("app/Dockerfile", dockerfile);
      await assert.rejects(publish(build), { message: new RegExp(`^error reading build output: .*${words.source}`) });
      assert.equal(registry.pushesTo(repository), 0);
    });
  }

  it("fail with the daemon's words if their registry does not answer", async () => {
    await assert.rejects(publish({}, { imageName: "127.0.0.1:9/app:1" }), {
      message: /^error reading push output: .*connection refused/,
    });
  });
});
