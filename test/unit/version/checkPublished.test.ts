import * as assert from "node:assert/strict";
import { TagPolicy, type Version } from "../../../components/version";
import { checkPublished, type Expectation } from "../../../components/version/checkPublished";
import { errorOf } from "../../support/assertError";

const COMMIT = "c".repeat(40);
const TREE = "7".repeat(40);
const REVISION = "org.opencontainers.image.revision";
const TREE_LABEL = "dev.versioned-image.tree";
const BUILD = "dev.versioned-image.build";

const EXPECTED: Expectation = {
  version: { commit: COMMIT, tree: TREE } as Version,
  tagPolicy: TagPolicy.Commit,
  spec: "h.example/a:ccccccc",
  platform: "linux/amd64",
  fingerprint: "platform=linux/amd64 dockerfile=Dockerfile",
};

function check(labels: Record<string, string>, expected: Partial<Expectation> = {}, platform = "linux/amd64") {
  return checkPublished({ digest: "sha256:d", labels, platform }, { ...EXPECTED, ...expected });
}

describe("checkPublished", () => {
  it("accepts what was built from the commit, in the same way", () => {
    assert.equal(check({ [REVISION]: COMMIT, [TREE_LABEL]: TREE, [BUILD]: EXPECTED.fingerprint ?? "" }), undefined);
    assert.equal(check({ [TREE_LABEL]: TREE }), undefined);
  });

  it("warns of what can't be traced", () => {
    assert.match(
      check({}) ?? "",
      /^h\.example\/a:ccccccc is in the registry already \(sha256:d\).*no dev\.versioned-image\.tree label/,
    );
  });

  it("takes a revision without a tree for the base image's own", () => {
    for (const revision of [COMMIT, "0".repeat(40)]) {
      assert.match(check({ [REVISION]: revision }) ?? "", /nothing proves which commit it was built from/);
    }
  });

  it("refuses a debug image, whatever the disk was like", async () => {
    for (const dirty of ["true", "false"]) {
      const labels = { [REVISION]: COMMIT, [TREE_LABEL]: TREE, "dev.versioned-image.dirty": dirty };
      assert.match(await errorOf("TagTaken", () => check(labels)), /was built in debug mode/);
    }
  });

  it("refuses another commit, unless the content is what names the version", async () => {
    const labels = { [REVISION]: "0".repeat(40), [TREE_LABEL]: TREE };
    assert.match(await errorOf("TagTaken", () => check(labels)), /was built from commit 0{40}.*larger tagLength/);
    assert.equal(check(labels, { tagPolicy: TagPolicy.Tree }), undefined);
  });

  it("refuses other content", async () => {
    const labels = { [REVISION]: COMMIT, [TREE_LABEL]: "0".repeat(40) };
    assert.match(await errorOf("TagTaken", () => check(labels)), /was built from other files \(tree 0{40}\)/);
    await errorOf("TagTaken", () => check(labels, { tagPolicy: TagPolicy.Tree }));
  });

  it("refuses another platform, labels or not", async () => {
    assert.match(
      await errorOf("TagTaken", () => check({}, {}, "linux/arm64")),
      /is an image for linux\/arm64, and this program asks for linux\/amd64/,
    );
    assert.match(check({}, { platform: "linux/arm64/v8" }, "linux/arm64") ?? "", /can't|nothing proves/);
  });

  it("refuses another way of building, and says both", async () => {
    const labels = {
      [REVISION]: COMMIT,
      [TREE_LABEL]: TREE,
      [BUILD]: "platform=linux/amd64 dockerfile=Dockerfile target=x",
    };
    assert.match(
      await errorOf("BuildInputsChanged", () => check(labels)),
      /built with platform=linux\/amd64 dockerfile=Dockerfile target=x; this program asks for platform=linux\/amd64 dockerfile=Dockerfile\./,
    );
    assert.equal(check(labels, { fingerprint: undefined }), undefined);
  });
});
