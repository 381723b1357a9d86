import * as assert from "node:assert/strict";
import { VersionedImageError } from "../../../components/errors";
import { checkContent, type Doubts, proveServed } from "../../../components/protocol/checkContent";
import type { Target } from "../../../components/protocol/target";
import { imageLabels, TagPolicy } from "../../../components/version";
import { appVersion } from "../../support/appVersion";
import { errorOf } from "../../support/assertError";

describe("whether a content may be used", () => {
  const version = appVersion("ccccccc", "c".repeat(40), "7".repeat(40));

  /** An index that is there for some platforms, built for them, and a program that asks for others. */
  function checked(there: string[], platforms: string[]): Promise<Doubts> {
    const labels = imageLabels(version, fingerprint(there));
    const images = there.map((platform) => ({ labels, platform, created: undefined }));
    const registry = {
      inspect: async (_: string, __: string, wanted: string) =>
        images.find(({ platform }) => platform === wanted) ??
        Promise.reject(new VersionedImageError("PlatformNotFound", `none for ${wanted}`)),
      inspectAll: async () => images,
    };
    const expected = { version, tagPolicy: TagPolicy.Commit, platforms, fingerprint: fingerprint(platforms) };
    const target = { registry, repository: "h.example/a", spec: "h.example/a:ccccccc" };
    return checkContent(expected, target as unknown as Target, "sha256:d");
  }

  const fingerprint = (platforms: string[]) => `platform=${platforms.join(",")} dockerfile=Dockerfile`;

  it("looks at each platform", async () => {
    assert.deepEqual(await checked(["linux/amd64", "linux/arm64"], ["linux/amd64", "linux/arm64"]), {
      untraced: undefined,
      builtOtherwise: undefined,
    });
  });

  it("says of what nothing proves whether it has taken the place of ours, or was there before", async () => {
    const registry = { inspect: async () => ({ labels: {}, platform: "linux/amd64", created: undefined, layers: [] }) };
    const expected = {
      version,
      tagPolicy: TagPolicy.Commit,
      platforms: ["linux/amd64"],
      fingerprint: fingerprint(["linux/amd64"]),
    };
    const target = { registry, repository: "h.example/a", spec: "h.example/a:ccccccc" } as unknown as Target;
    const prove = (ours: string | undefined) => proveServed(expected, target, "pulumi up")("sha256:theirs", ours);
    assert.match(
      await errorOf("DigestMismatch", () => prove("sha256:ours")),
      /^h\.example\/a:ccccccc was published as sha256:ours, but the registry now has sha256:theirs, and nothing proves/,
    );
    assert.equal(
      await errorOf("TagTaken", () => prove(undefined)),
      "h.example/a:ccccccc was set to sha256:theirs while this version was built, and nothing proves that it is the same version. It is never " +
        "overwritten. Run `pulumi up` again to use that image, or delete the tag first to publish this version.",
    );
  });

  it("names the platform that is lacking, and the labels that differ", async () => {
    assert.equal(
      await errorOf("BuildInputsChanged", () => checked(["linux/amd64"], ["linux/arm64", "linux/amd64"])),
      [
        "h.example/a:ccccccc is published already, but without an image for linux/arm64; this build is for linux/arm64 and " +
          "linux/amd64. Different labels:",
        '  dev.versioned-image.build: the image has "platform=linux/amd64 dockerfile=Dockerfile", this build ' +
          '"platform=linux/arm64,linux/amd64 dockerfile=Dockerfile"',
        "A production tag is never overwritten. Commit a change in the image's directory together with it, or publish to another " +
          "repository.",
      ].join("\n"),
    );
  });
});
