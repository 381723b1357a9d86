import * as assert from "node:assert/strict";
import { behaviours } from "./support/behaviours";
import type { Properties } from "./support/plugin";
import { sdkVersionOf } from "./support/plugins";
import { secret, UNKNOWN } from "./support/properties";

const HOST = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
const NAME = "registry.example/owner/app:1";
/** Of the context `app` below. */
const DIGEST = "be2a8f4487a0837bbcb1bccfc352e6b7729c2a0cfe0994b3f9d8664de05e9960";

behaviours("docker", "inputs", (at) => {
  before(() => {
    at.write("app/Dockerfile", "FROM scratch\nCOPY main /main\n");
    at.write("app/main", "one\n");
  });

  const check = (build: unknown, more: Properties = {}) => at.plugin.check({ imageName: NAME, build, ...more });

  it("says the version of the SDK", async () => {
    assert.equal(await at.plugin.version(), sdkVersionOf("docker"));
  });

  it("get defaults: the Dockerfile in the context, the host's platform, no build in a preview", async () => {
    assert.deepEqual(await check({ context: "app" }), {
      build: { context: "app", contextDigest: DIGEST, dockerfile: "app/Dockerfile", platform: HOST },
      buildOnPreview: false,
      imageName: NAME,
    });
  });

  it("tell people which platform was taken, if they gave none", async () => {
    at.plugin.log();
    await check({ context: "app", platform: "linux/arm64" });
    assert.deepEqual(at.plugin.log(), []);
    await check({ context: "app" });
    const [line, ...others] = at.plugin.log();
    assert.deepEqual(others, []);
    assert.equal(line?.severity, "info");
    assert.match(line?.message ?? "", new RegExp(`^Building your image for ${HOST} architecture`));
  });

  it("stay as they were given otherwise, without nulls and marks of secrets", async () => {
    const build = {
      context: "app",
      dockerfile: "app/Dockerfile",
      platform: "linux/arm64",
      target: "t",
      network: "none",
    };
    const inputs = { build, imageName: NAME, buildOnPreview: true };
    const given = { ...inputs, build: { ...build, args: { A: "1", B: null } }, skipPush: null };
    assert.deepEqual(await at.plugin.check({ ...given, registry: secret({ server: "s", password: secret("p") }) }), {
      ...inputs,
      build: { ...build, args: { A: "1" }, contextDigest: DIGEST },
      registry: { server: "s", password: "p" },
    });
  });

  it("may be unknown", async () => {
    assert.deepEqual(await check(UNKNOWN), { build: UNKNOWN, buildOnPreview: false, imageName: NAME });
    assert.deepEqual(await check({ context: "app", dockerfile: UNKNOWN, platform: HOST }), {
      build: { context: "app", dockerfile: UNKNOWN, platform: HOST },
      buildOnPreview: false,
      imageName: NAME,
    });
    const build = { context: "app", args: { A: UNKNOWN }, platform: UNKNOWN };
    assert.deepEqual(await check(build, { imageName: UNKNOWN }), {
      build: { ...build, contextDigest: DIGEST, dockerfile: "app/Dockerfile" },
      buildOnPreview: false,
      imageName: UNKNOWN,
    });
  });

  const refused: [what: string, build: Properties, message: RegExp][] = [
    ["a Dockerfile that is not there", { dockerfile: "nowhere" }, /^could not open dockerfile.*"nowhere"/],
    ["an absolute one", { dockerfile: "/nowhere" }, /^expected a relative Dockerfile path.*"\/nowhere"/],
    ["one relative to the context", { dockerfile: "Dockerfile" }, /Try setting `dockerfile` to "app\/Dockerfile"/],
    ["an unknown builder", { builderVersion: "BuilderV3" }, /^invalid Docker Builder version/],
    ["caches without images", { cacheFrom: {} }, /^cacheFrom requires an `images` field/],
    ["caches that are no list", { cacheFrom: { images: "a" } }, /must be a list of strings/],
  ];
  for (const [what, build, message] of refused) {
    it(`are refused with ${what}`, async () => {
      await assert.rejects(check({ context: "app", ...build }), { message });
    });
  }

  it("are refused without a build if there is no Dockerfile in the working directory", async () => {
    await assert.rejects(at.plugin.check({ imageName: NAME }), { message: /^could not open dockerfile.*"Dockerfile"/ });
  });

  for (const imageName of ["app:1", "owner/app:1", "docker.io/app:1"]) {
    it(`are refused with the name ${imageName}, which is not in full`, async () => {
      const words = { message: new RegExp(`^"${imageName}": repository name must be canonical`) };
      await assert.rejects(check({ context: "app" }, { imageName }), words);
    });
  }

  for (const imageName of ["", "registry.example/App:1", "registry.example/app:"]) {
    it(`are refused with ${JSON.stringify(imageName)}, which is no name`, async () => {
      const words = { message: new RegExp(`^${JSON.stringify(imageName)}: invalid reference format`) };
      await assert.rejects(check({ context: "app" }, { imageName }), words);
    });
  }

  for (const imageName of ["docker.io/library/app", "localhost/app:1", "127.0.0.1:5000/a/b_c.d-e:1"]) {
    it(`may name ${imageName}`, async () => {
      assert.equal((await check({ context: "app" }, { imageName })).imageName, imageName);
    });
  }

  it("need no name in full where nothing is pushed, or the registry's server is given", async () => {
    const imageName = "app:1";
    assert.equal((await check({ context: "app" }, { imageName, skipPush: true })).imageName, imageName);
    const registry = { server: "registry.example" };
    assert.equal((await check({ context: "app" }, { imageName, registry })).imageName, imageName);
  });
});
