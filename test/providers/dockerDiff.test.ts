import * as assert from "node:assert/strict";
import { behaviours } from "./support/behaviours";
import type { Properties } from "./support/plugin";
import { secret, UNKNOWN } from "./support/properties";

const BUILD = { context: "app", contextDigest: "0", dockerfile: "app/Dockerfile", platform: "linux/amd64" };
const INPUTS = { build: BUILD, buildOnPreview: false, imageName: "registry.example/app:1" };
const REGISTRY = { server: "registry.example", username: "user", password: "old" };

behaviours("docker", "differences", (at) => {
  const diff = async (olds: Properties, news: Properties) => {
    const { changes, kinds, ...replaced } = await at.plugin.diff(
      INPUTS.imageName,
      { __inputs: secret(olds), repoDigest: "d" },
      news,
    );
    // Never: an image is always built and pushed over what is there.
    assert.deepEqual(replaced, { replaces: [], deleteBeforeReplace: false });
    assert.equal(changes, Object.keys(kinds).length > 0 ? "DIFF_SOME" : "DIFF_NONE");
    return kinds;
  };

  const cases: [what: string, olds: Properties, news: Properties, kinds: Record<string, string>][] = [
    ["nothing", INPUTS, INPUTS, {}],
    ["the context's content", INPUTS, { ...INPUTS, build: { ...BUILD, contextDigest: "1" } }, { build: "UPDATE" }],
    ["a build argument", INPUTS, { ...INPUTS, build: { ...BUILD, args: { A: "1" } } }, { build: "UPDATE" }],
    ["the platform", INPUTS, { ...INPUTS, build: { ...BUILD, platform: "linux/arm64" } }, { build: "UPDATE" }],
    ["the tag", INPUTS, { ...INPUTS, imageName: "registry.example/app:2" }, { imageName: "UPDATE" }],
    ["a name that a preview can't know", INPUTS, { ...INPUTS, imageName: UNKNOWN }, { imageName: "UPDATE" }],
    ["what is null", INPUTS, { ...INPUTS, skipPush: null }, {}],
    ["what is there no longer", { ...INPUTS, skipPush: true }, INPUTS, { skipPush: "DELETE" }],
    ["credentials that are given", INPUTS, { ...INPUTS, registry: REGISTRY }, { registry: "ADD" }],
    ["credentials that are given no longer", { ...INPUTS, registry: REGISTRY }, INPUTS, { registry: "DELETE" }],
    [
      "a user and a password",
      { ...INPUTS, registry: REGISTRY },
      { ...INPUTS, registry: secret({ ...REGISTRY, username: "other", password: "new" }) },
      {},
    ],
    [
      "the server",
      { ...INPUTS, registry: REGISTRY },
      { ...INPUTS, registry: { ...REGISTRY, server: "other.example" } },
      { registry: "UPDATE" },
    ],
    [
      "a server that is named no longer",
      { ...INPUTS, registry: REGISTRY },
      { ...INPUTS, registry: { username: "user" } },
      {},
    ],
  ];
  for (const [what, olds, news, kinds] of cases) {
    it(`of ${what}: ${JSON.stringify(kinds)}`, async () => {
      assert.deepEqual(await diff(olds, news), kinds);
    });
  }

  it("are those to the inputs in the state, whether it marks these as secret or not", async () => {
    const { kinds } = await at.plugin.diff(INPUTS.imageName, { __inputs: INPUTS }, { ...INPUTS, imageName: "a" });
    assert.deepEqual(kinds, { imageName: "UPDATE" });
    const { kinds: all } = await at.plugin.diff(INPUTS.imageName, {}, INPUTS);
    assert.deepEqual(all, { build: "ADD", buildOnPreview: "ADD", imageName: "ADD" });
  });
});
