import * as assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { Names } from "../../../scripts/release/names";
import { pluginFiles, pluginTarballs, schemaOf, writeFiles, writeTarball } from "../../../scripts/release/plugin";
import { run } from "../../../scripts/setup/run";
import { folderOfEach } from "../../support/folder";

const NAMES: Names = {
  package: "versioned-image",
  packageIsOurs: true,
  displayName: "An Image",
  publisher: null,
  repository: null,
};

describe("the plugin of a release", () => {
  const folder = folderOfEach();

  it("depends on the published package, on Pulumi's SDK and on BuildKit's provider, as the package does", async () => {
    const { dependencies, peerDependencies } = require("../../../package.json");
    const others = {
      "@pulumi/docker-build": peerDependencies["@pulumi/docker-build"],
      "@pulumi/pulumi": dependencies["@pulumi/pulumi"],
    };
    for (const [name, expected] of [
      ["versioned-image", "1.2.3"],
      ["@owner/an-image", "npm:@owner/an-image@1.2.3"],
    ] as const) {
      const files = await pluginFiles({ ...NAMES, package: name }, "1.2.3");
      assert.deepEqual(JSON.parse(files["package.json"] ?? ""), {
        name: "versioned-image",
        version: "1.2.3",
        private: true,
        main: "index.js",
        dependencies: { ...others, "versioned-image": expected },
      });
      assert.equal(JSON.parse(files["schema.json"] ?? "").version, "1.2.3");
    }
  });

  it("is the same program for each system that is supported", () => {
    assert.deepEqual(pluginTarballs("1.2.3"), [
      "pulumi-resource-versioned-image-v1.2.3-darwin-amd64.tar.gz",
      "pulumi-resource-versioned-image-v1.2.3-darwin-arm64.tar.gz",
      "pulumi-resource-versioned-image-v1.2.3-linux-amd64.tar.gz",
      "pulumi-resource-versioned-image-v1.2.3-linux-arm64.tar.gz",
    ]);
  });

  it("is packed as a program that can be run, whatever the time", async () => {
    const program = folder("pulumi-resource-versioned-image");
    writeFileSync(program, "#!/bin/sh\n");
    const [one, other] = ["one.tar.gz", "other.tar.gz"].map((file) => folder(file));
    await writeTarball(program, one ?? "");
    chmodSync(program, 0o600);
    await writeTarball(program, other ?? "");
    assert.deepEqual(readFileSync(one ?? ""), readFileSync(other ?? ""));
    const listed = await run("tar", ["--utc", "-tvzf", one ?? ""], { env: { ...process.env, LC_ALL: "C" } });
    assert.match(listed, /^-rwxr-xr-x 0\/0 +10 1970-01-01 00:00 pulumi-resource-versioned-image\n$/);
  });

  it("ends in an error where its program says no port", async () => {
    const program = folder("program");
    await writeFiles({ program: "#!/bin/sh\nexit 1\n" }, folder());
    chmodSync(program, 0o755);
    await assert.rejects(schemaOf(program), /The plugin ended without output/);
  });
});
