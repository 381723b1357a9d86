import * as assert from "node:assert/strict";
import { AT_ONCE } from "../../../components/registry/turns";
import { fakeRegistries } from "../../support/fakeRegistry";
import { client, MANIFEST, sha256 } from "./setup";

describe("connections to a registry", () => {
  const start = fakeRegistries();

  it("serve many HEADs each: not every image of a program connects anew", async () => {
    const fake = await start(({ url }) => ({
      status: 200,
      headers: { "content-type": MANIFEST, "docker-content-digest": sha256(url) },
      body: "{}",
    }));
    const registry = client();
    const names = Array.from({ length: 40 }, (_, image) => `app-${image}`);
    const held = await Promise.all(names.map((name) => registry.resolve(`${fake.host}/${name}`, "88d38d9")));
    assert.deepEqual(
      held.map((manifest) => manifest?.digest),
      names.map((name) => sha256(`/v2/${name}/manifests/88d38d9`)),
    );
    assert.ok(fake.connections.size <= AT_ONCE, `${fake.connections.size} connections for 40 HEADs`);
  });
});
