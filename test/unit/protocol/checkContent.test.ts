import * as assert from "node:assert/strict";
import { VersionedImageError } from "../../../components/errors";
import { checkContent, type Doubts } from "../../../components/protocol/checkContent";
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
