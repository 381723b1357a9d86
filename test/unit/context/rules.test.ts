import * as assert from "node:assert/strict";
import fc from "fast-check";
import { Builder } from "../../../components/args";
import { buildFingerprint, resolveBuild } from "../../../components/builders/buildInputs";
import { errorOf } from "../../support/assertError";

describe("buildFingerprint", () => {
  async function fingerprint(build: Parameters<typeof resolveBuild>[0]): Promise<string | undefined> {
    return buildFingerprint(await resolveBuild(build), "Dockerfile");
  }

  it("says platform, Dockerfile, target and a hash of the arguments", async () => {
    assert.equal(await fingerprint({}), "platform=linux/amd64 dockerfile=Dockerfile");
    assert.equal(
      await fingerprint({ platform: "linux/arm64", target: "web", args: { A: "1" } }),
      "platform=linux/arm64 dockerfile=Dockerfile target=web args=7663e8dee7c9d442",
    );
  });

  it("is the same for the same arguments in any order, and differs for any others", async () => {
    const args = fc.dictionary(fc.stringMatching(/^[A-Z]{1,3}$/), fc.string({ maxLength: 3 }), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(args, args, async (one, other) => {
        const reversed = Object.fromEntries(Object.entries(one).reverse());
        assert.equal(await fingerprint({ args: one }), await fingerprint({ args: reversed }));
        const same = JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
        assert.equal((await fingerprint({ args: one })) === (await fingerprint({ args: other })), same);
      }),
      { numRuns: 50 },
    );
  });

  it("says which platforms, in one order, and nothing of what builds", async () => {
    const platforms = ["linux/arm64", "linux/amd64", "linux/arm64"];
    assert.equal(await fingerprint({ platforms }), "platform=linux/amd64,linux/arm64 dockerfile=Dockerfile");
    const { Docker, BuildKit } = Builder;
    for (const builder of [Docker, BuildKit]) {
      assert.equal(await fingerprint({ builder }), await fingerprint({}));
    }
  });

  it("has a hash of the named contexts: of images by their digests, of directories by their paths in the repository", async () => {
    const image = (digit: string) => `docker-image://h.example/base@sha256:${digit.repeat(64)}`;
    const named = async (images: Record<string, string>, directories: Record<string, string>) =>
      buildFingerprint(await resolveBuild({ contexts: images }), "Dockerfile", { contexts: directories });
    const one = await named({ base: image("a") }, { lib: "lib" });
    assert.equal(one, "platform=linux/amd64 dockerfile=Dockerfile contexts=cc5188e1e4954515");
    assert.equal(await named({ base: image("a") }, { lib: "lib" }), one);
    for (const other of [
      await named({ base: image("b") }, { lib: "lib" }),
      await named({ base: image("a") }, { lib: "other" }),
      await named({ base: image("a") }, { code: "lib" }),
      await named({ base: image("a") }, {}),
    ]) {
      assert.notEqual(other, one);
    }
  });

  it("has a hash of what the bases cover, by their names, and not of which images they are", async () => {
    const based = async (covers: string[], reference = "h.example/base:1@sha256:a", name = "BASE") => {
      const build = await resolveBuild({ bases: { [name]: { reference, covers, tag: "1" } } });
      return buildFingerprint(build, "Dockerfile", { bases: { [name]: { covers, tree: "t" } } });
    };
    const one = await based(["images/base"]);
    assert.equal(one, "platform=linux/amd64 dockerfile=Dockerfile bases=ae86d589a1e9bf75");
    assert.equal(await based(["images/base"], "other.example/base:2@sha256:b"), one);
    assert.notEqual(await based(["images/other"]), one);
    assert.notEqual(await based(["images/base"], undefined, "OTHER"), one);
  });

  it("is not moved by what makes no other content", async () => {
    assert.equal(
      await fingerprint({
        cacheFrom: ["h/c"],
        cacheTo: ["type=inline"],
        network: "host",
        extraHosts: ["a:1"],
        secrets: { a: "b" },
        ssh: ["default"],
        builderName: "farm",
      }),
      await fingerprint({}),
    );
  });

  for (const platform of ["amd64", "linux", "Linux/amd64", "linux/amd64/v1/x", "linux/", "--x/y"]) {
    it(`refuses the platform ${platform}`, async () => {
      assert.match(await errorOf("InvalidArgument", () => resolveBuild({ platform })), /^build\.platform is /);
    });
  }
});
