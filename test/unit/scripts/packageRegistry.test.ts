import * as assert from "node:assert/strict";
import { type PackageRegistry, packageRegistry } from "../../../scripts/release/packageRegistry";

/** By fetch, which asks as npm does. */
describe("the registry of packages on this machine", () => {
  let registry: PackageRegistry;
  const get = (path: string) => fetch(new URL(path, registry.url), { redirect: "manual" });

  beforeEach(async () => {
    registry = await packageRegistry("an-image", "https://registry.example/npm/");
  });

  afterEach(() => registry.close());

  it("sends whoever asks for another package on", async () => {
    for (const path of ["other", "@scope%2fother", "other/-/other-1.0.0.tgz", "an-image-too"]) {
      const { status, headers } = await get(path);
      assert.deepEqual([status, headers.get("location")], [307, `https://registry.example/npm/${path}`]);
    }
  });

  it("knows the one package by its name in a scope", async () => {
    const scoped = await packageRegistry("@scope/an-image", "https://registry.example/");
    try {
      assert.equal((await fetch(new URL("@scope%2fan-image", scoped.url), { redirect: "manual" })).status, 404);
    } finally {
      scoped.close();
    }
  });

  it("has the one package as soon as it is published, and never asks for it elsewhere", async () => {
    assert.equal((await get("an-image")).status, 404);
    assert.equal((await get("an-image/-/an-image-1.0.0.tgz")).status, 404);
    const document = { "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": { name: "an-image" } } };
    const attachment = { data: Buffer.from("a tarball").toString("base64") };
    const published = await fetch(new URL("an-image", registry.url), {
      method: "PUT",
      body: JSON.stringify({ ...document, _attachments: { "an-image-1.0.0.tgz": attachment } }),
    });
    assert.equal(published.status, 201);
    assert.deepEqual(await (await get("an-image")).json(), document);
    assert.equal(await (await get("an-image/-/an-image-1.0.0.tgz")).text(), "a tarball");
    assert.equal((await get("an-image/-/an-image-2.0.0.tgz")).status, 404);
  });
});
