import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { resolveBuild } from "../../../components/builders";
import { VersionedImageError } from "../../../components/errors";
import type { Target } from "../../../components/protocol";
import { checkBases, refuseOwnRepository } from "../../../components/publish/bases";
import type { Subject } from "../../../components/publish/subject";
import type { ImageConfig } from "../../../components/registry";
import { imageLabels, type Version } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import { ABSENT, FakeRegistry } from "../../support/fakeRegistry";

const TREE = "7".repeat(40);
const COMMIT = "c".repeat(40);
const DIGEST = `sha256:${"d".repeat(64)}`;
const REFERENCE = `h.example/base:1111111@${DIGEST}`;

const BASE = {
  tag: "1111111",
  commit: "1".repeat(40),
  tree: TREE,
  committedAt: new Date(0),
  context: "images/base",
  files: ["images/base"],
  dockerfile: "images/base/Dockerfile",
  bases: {},
} as unknown as Version;

const DEBUG: Version = { ...BASE, tag: "1111111-debug", debug: true, uncommitted: [] };

describe("whether an image may be built on its bases", () => {
  /** What a registry has of the base, and an image of `version` that is to be built on it. */
  async function checked(
    image: Partial<ImageConfig> | undefined,
    { reference = REFERENCE, spec = reference, debug = false, platform = "linux/amd64" }: Partial<Asked> = {},
  ): Promise<void> {
    const registry = {
      resolve: async () => ({ digest: DIGEST }),
      inspect: async () => {
        if (image === undefined) {
          throw new VersionedImageError("PlatformNotFound", "none");
        }
        return { labels: imageLabels(BASE, "f"), created: undefined, platform: "linux/amd64", ...image };
      },
    };
    const base = { reference, spec, covers: ["images/base"], tag: "1111111" };
    const version = { commit: COMMIT, bases: { BASE: { covers: ["images/base"], tree: TREE } } };
    const target = { registry, repository: "h.example/api", spec: "h.example/api:ccccccc" } as unknown as Target;
    const build = await resolveBuild({ bases: { BASE: base }, platform });
    const subject = { args: { debug }, version, build, target } as unknown as Subject;
    await refuseOwnRepository(subject);
    return checkBases(subject, target);
  }

  interface Asked {
    reference: pulumi.Input<string>;
    spec: pulumi.Input<string>;
    debug: boolean;
    platform: string;
  }

  const isRefused = async (why: string, ...args: Parameters<typeof checked>) =>
    assert.equal(
      await errorOf("BaseMismatch", () => checked(...args)),
      `build.bases.BASE is ${args[1]?.reference ?? REFERENCE}, which ${why}. Nothing was built.`,
    );

  it("is for labels that prove its files", async () => {
    assert.equal(await checked({}), undefined);
    // Images often leave out the variant of a platform.
    assert.equal(await checked({ platform: "linux/arm64/v8" }, { platform: "linux/arm64" }), undefined);
    const labels = imageLabels(DEBUG, "f");
    assert.equal(await checked({ labels }, { debug: true }), undefined);
  });

  it("is left to the update for one that a preview does not know", async () => {
    assert.equal(await checked(undefined, { reference: pulumi.output(pulumi.unknown) as never }), undefined);
  });

  it("is not of other files, in words that write over no terminal", async () => {
    const labels = { ...imageLabels(BASE, "f"), "dev.versioned-image.tree": "8\u001b[2K" };
    await isRefused(
      `was built from other files (tree 8[2K, commit ${"1".repeat(40)}) than images/base at commit ${COMMIT} (tree ${TREE}): publish the base ` +
        "at this commit first; if one of them has a revision, set it for both",
      { labels },
    );
  });

  it("is not without labels", () =>
    isRefused(
      "has no dev.versioned-image.tree label, so nothing proves what it was built from: publish it as a VersionedImage",
      { labels: {} },
    ));

  it("is not of a debug image below another", () =>
    isRefused("is a debug image, which may contain uncommitted files: set debug (--debug) for both, or for neither", {
      labels: imageLabels(DEBUG, "f"),
    }));

  it("is not without the platform, in an index or by itself", async () => {
    const why = "has no image for linux/arm64: build it for that platform, too (build.platform, build.platforms)";
    await isRefused(why, undefined, { platform: "linux/arm64" });
    await isRefused(why, { platform: "linux/amd64" }, { platform: "linux/arm64" });
  });

  it("is not without a digest", () =>
    isRefused(
      "has no digest, so it can become another image: pass the `reference` output of the VersionedImage",
      {},
      {
        reference: "h.example/base:1111111",
      },
    ));

  it("is not of the image's own repository, which a preview sees before either is there", async () => {
    const words = (spec: string) =>
      `build.bases.BASE is ${spec}, but this image is also published to h.example/api. Give each image its own repository.`;
    const reference = `h.example/api:1111111@${DIGEST}`;
    assert.equal(await errorOf("InvalidArgument", () => checked({}, { reference })), words(reference));
    const unknown = { reference: pulumi.output(pulumi.unknown) as never, spec: "h.example/api:1111111" };
    assert.equal(await errorOf("InvalidArgument", () => checked({}, unknown)), words(unknown.spec));
  });

  it("asks another registry without what logs in to the image's own", async () => {
    const other = await FakeRegistry.start(() => ABSENT);
    try {
      await isRefused(
        "the registry does not have: publish it again, or pass the `reference` output of the VersionedImage",
        {},
        {
          reference: `${other.host}/base:1111111@${DIGEST}`,
        },
      );
      assert.deepEqual(new Set(other.seen.map(({ authorization }) => authorization)), new Set([undefined]));
    } finally {
      await other.stop();
    }
  });
});
