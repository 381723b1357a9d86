import * as assert from "node:assert/strict";
import { ofUsers, type Sbom } from "../../../scripts/release/sbom";

const component = (name: string, ofDevelopers = false) => ({
  "bom-ref": `${name}@1.0.0`,
  name,
  properties: ofDevelopers ? [{ name: "cdx:npm:package:development", value: "true" }] : [],
});

const ALL: Sbom = {
  serialNumber: "urn:uuid:1",
  metadata: { timestamp: "2026-01-02T03:04:05.678Z", component: { ...component("image"), name: "a-folder" } },
  components: [component("needed"), component("compiler", true), component("shared")],
  dependencies: [
    { ref: "image@1.0.0", dependsOn: ["needed@1.0.0", "compiler@1.0.0"] },
    { ref: "needed@1.0.0", dependsOn: ["shared@1.0.0"] },
    { ref: "compiler@1.0.0", dependsOn: ["shared@1.0.0"] },
    { ref: "shared@1.0.0", dependsOn: [] },
  ],
};

describe("a release's SBOM", () => {
  it("has what users need, and nothing that differs from run to run", () => {
    assert.deepEqual(ofUsers(ALL, "image", new Date("2026-11-30T10:00:00Z")), {
      metadata: { timestamp: "2026-11-30T10:00:00.000Z", component: component("image") },
      components: [component("needed"), component("shared")],
      dependencies: [
        { ref: "image@1.0.0", dependsOn: ["needed@1.0.0"] },
        { ref: "needed@1.0.0", dependsOn: ["shared@1.0.0"] },
        { ref: "shared@1.0.0", dependsOn: [] },
      ],
    });
  });
});
