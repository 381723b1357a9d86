import * as assert from "node:assert/strict";
import { partsOf } from "../../../components/copy/parts";
import { errorOf } from "../../support/assertError";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const DIGEST = `sha256:${"a".repeat(64)}`;
const blob = (letter: string, more: object = {}) => ({ digest: `sha256:${letter.repeat(64)}`, size: 1, ...more });
const read = (mediaType: string, value: unknown) =>
  partsOf({ digest: DIGEST, mediaType, bytes: Buffer.from(JSON.stringify(value)) }, "host.example/app");

describe("what a manifest consists of", () => {
  it("is its configuration and its layers", () => {
    assert.deepEqual(read(OCI, { config: blob("c", { mediaType: "config" }), layers: [blob("1"), blob("2")] }), {
      manifests: [],
      blobs: [
        { digest: `sha256:${"c".repeat(64)}`, size: 1, mediaType: "config" },
        { digest: `sha256:${"1".repeat(64)}`, size: 1, mediaType: "" },
        { digest: `sha256:${"2".repeat(64)}`, size: 1, mediaType: "" },
      ],
    });
  });

  it("are the manifests of an index, attestations among them", () => {
    const { manifests, blobs } = read(INDEX, { manifests: [blob("1"), blob("2")] });
    assert.deepEqual([manifests.length, blobs], [2, []]);
  });

  const REFUSED: [string, string, unknown, string][] = [
    [
      "an image of schema 1",
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      {},
      "it has the type application/vnd.docker.distribution.manifest.v1+prettyjws, which current registries do not accept. Nothing was " +
        "tagged. Build and publish the image again.",
    ],
    [
      "a foreign layer",
      OCI,
      {
        config: blob("c"),
        layers: [blob("1", { mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" })],
      },
      `its layer sha256:${"1".repeat(64)} has the type application/vnd.docker.image.rootfs.foreign.diff.tar.gzip, which is stored outside ` +
        "registries. Nothing was tagged. Use a base image without such layers.",
    ],
    [
      "an entry without a digest",
      INDEX,
      { manifests: [{ size: 1 }] },
      "it has an entry with the digest (none) and the size 1. Nothing was tagged. Build and publish the image again.",
    ],
    [
      "an entry of no size",
      OCI,
      { config: blob("c", { size: -1 }) },
      `it has an entry with the digest "sha256:${"c".repeat(64)}" and the size -1. Nothing was tagged. Build and publish the image again.`,
    ],
  ];
  for (const [what, type, value, why] of REFUSED) {
    it(`is refused of ${what}`, async () => {
      const message = await errorOf("NotCopyable", () => read(type, value));
      assert.equal(message, `host.example/app@${DIGEST} can't be copied: ${why}`);
    });
  }

  it("is refused of what is no JSON", async () => {
    const bytes = Buffer.from("{");
    const message = await errorOf("NotCopyable", () =>
      partsOf({ digest: DIGEST, mediaType: OCI, bytes }, "h.example/a"),
    );
    assert.equal(
      message,
      `h.example/a@${DIGEST} can't be copied: it is not JSON. Nothing was tagged. Build and publish the image again.`,
    );
  });
});
