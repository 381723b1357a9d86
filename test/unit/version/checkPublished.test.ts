import * as assert from "node:assert/strict";
import { imageLabels, TagPolicy, type Version } from "../../../components/version";
import { checkPublished, type Expectation } from "../../../components/version/checkPublished";
import { appVersion } from "../../support/appVersion";
import { errorOf } from "../../support/assertError";

const COMMIT = "c".repeat(40);
const TREE = "7".repeat(40);
const REVISION = "org.opencontainers.image.revision";
const TREE_LABEL = "dev.versioned-image.tree";
const BUILD = "dev.versioned-image.build";

const VERSION = appVersion("ccccccc", COMMIT, TREE, { remote: "https://h.example/r" });
const DEBUG: Version = { ...VERSION, tag: "ccccccc-debug", debug: true, uncommitted: [] };

const EXPECTED: Expectation = {
  version: VERSION,
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
      assert.match(await errorOf("TagTaken", () => check(labels)), /is a debug image, built from files/);
    }
  });

  it("refuses another commit, unless the content is what names the version", async () => {
    const labels = { [REVISION]: "0".repeat(40), [TREE_LABEL]: TREE };
    assert.match(await errorOf("TagTaken", () => check(labels)), /was built from commit 0{40}.*larger tagLength/s);
    assert.equal(check(labels, { tagPolicy: TagPolicy.Tree }), undefined);
  });

  it("refuses other content", async () => {
    const labels = { [REVISION]: COMMIT, [TREE_LABEL]: "0".repeat(40) };
    assert.match(await errorOf("TagTaken", () => check(labels)), /was built from other files \(tree 0{40}, not tree /);
    await errorOf("TagTaken", () => check(labels, { tagPolicy: TagPolicy.Tree }));
  });

  it("refuses another platform, labels or not", async () => {
    assert.match(
      await errorOf("TagTaken", () => check({}, {}, "linux/arm64")),
      /is an image for linux\/arm64, not for linux\/amd64/,
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
      /built with platform=linux\/amd64 dockerfile=Dockerfile target=x; this build has platform=linux\/amd64 dockerfile=Dockerfile\. Different labels:\n/,
    );
    assert.equal(check(labels, { fingerprint: undefined }), undefined);
  });

  it("lists the labels that differ, with what the image has and what this build has", async () => {
    const other = {
      ...VERSION,
      commit: "0".repeat(40),
      tree: "1".repeat(40),
      committedAt: new Date("2024-01-01T00:00:00Z"),
    };
    const message = await errorOf("TagTaken", () =>
      check(imageLabels({ ...other, remote: undefined }, EXPECTED.fingerprint)),
    );
    assert.equal(
      message,
      [
        `h.example/a:ccccccc is in the registry already, but it was built from commit ${"0".repeat(40)}, not from commit ` +
          `${COMMIT}. Different labels:`,
        `  org.opencontainers.image.revision: the image has "${"0".repeat(40)}", this build "${COMMIT}"`,
        `  dev.versioned-image.tree: the image has "${"1".repeat(40)}", this build "${TREE}"`,
        '  org.opencontainers.image.created: the image has "2024-01-01T00:00:00Z", this build "2024-01-02T03:04:05Z"',
        '  org.opencontainers.image.source: the image has none, this build "https://h.example/r"',
        "It is never overwritten. Set a larger tagLength (short hashes can collide), or publish to a repository that only this image uses.",
      ].join("\n"),
    );
    const debug = await errorOf("TagTaken", () => check(imageLabels(DEBUG, EXPECTED.fingerprint)));
    assert.deepEqual(debug.split("\n").slice(1, -1), [
      '  org.opencontainers.image.version: the image has "ccccccc-debug", this build "ccccccc"',
      '  dev.versioned-image.dirty: the image has "false", this build none',
    ]);
    const build = await errorOf("BuildInputsChanged", () => check(imageLabels(VERSION, "platform=linux/arm64")));
    assert.deepEqual(build.split("\n").slice(1, -1), [
      `  dev.versioned-image.build: the image has "platform=linux/arm64", this build "${EXPECTED.fingerprint}"`,
    ]);
  });

  it("says that it covers more than what the image was made of", async () => {
    const base = { BASE: { covers: ["images/base"], tree: "b" } };
    const version = { ...VERSION, tree: "1".repeat(40), paths: ["app", "images/base"], bases: base };
    assert.equal(
      await errorOf("TagTaken", () => check(imageLabels(VERSION, "f"), { version, fingerprint: "f" })),
      [
        "h.example/a:ccccccc is in the registry already, built from app; this version covers app, images/base. Different labels:",
        `  dev.versioned-image.tree: the image has "${TREE}", this build "${"1".repeat(40)}"`,
        "It is never overwritten. Commit a change in app to get a new version.",
      ].join("\n"),
    );
  });

  it("says so of one of an older release, which does not name what it was made of", async () => {
    const base = { BASE: { covers: ["images/base"], tree: "b" } };
    const version = { ...VERSION, tree: "1".repeat(40), paths: ["app", "images/base"], bases: base };
    const older = { ...imageLabels(VERSION, "f") } as Record<string, string>;
    delete older["dev.versioned-image.paths"];
    const message = await errorOf("TagTaken", () => check(older, { version, fingerprint: "f" }));
    assert.match(
      message,
      /, built from unknown paths; this version covers app, images\/base\. .* Commit a change in app to /s,
    );
  });

  it("does not mind in which registry a base is", () => {
    const version = {
      ...VERSION,
      paths: ["app", "images/base"],
      bases: { BASE: { covers: ["images/base"], tree: "b" } },
    };
    const labels = imageLabels(version, EXPECTED.fingerprint, { BASE: "other.example/base:1@sha256:d" });
    assert.equal(check(labels, { version }), undefined);
  });

  it("lists none that is not known yet, and nothing that could write over the terminal", async () => {
    const labels = { ...imageLabels(VERSION, "f"), [TREE_LABEL]: `1\u001b[2K\n${"1".repeat(1000)}` };
    const message = await errorOf("TagTaken", () => check(labels, { fingerprint: undefined }));
    assert.equal(message.split("\n").length, 3);
    assert.equal(
      message.split("\n")[1],
      `  dev.versioned-image.tree: the image has "1[2K${"1".repeat(196)}…", this build "${TREE}"`,
    );
    assert.ok(!message.includes("\u001b"));
  });

  describe("of an image on another one of this package", () => {
    /** As releases before wrote them: without those that have nothing to say. */
    const released = (labels: Record<string, string>) =>
      Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
    const own = imageLabels(VERSION, EXPECTED.fingerprint);
    const base = { ...VERSION, tag: "bbbbbbb", commit: "b".repeat(40), tree: "b".repeat(40) };
    const debugBase = imageLabels({ ...DEBUG, ...base, tag: "bbbbbbb-debug" }, "base");
    const productionBase = imageLabels(base, "base");

    for (const [what, labels] of [
      ["a debug image", { ...debugBase, ...own }],
      ["a debug image, of the release before", { ...released(debugBase), ...released(own) }],
      ["a production image", { ...productionBase, ...own }],
      ["a production image, of the release before", { ...productionBase, ...released(own) }],
    ] as const) {
      it(`takes its own labels: on ${what}`, () => {
        assert.equal(check(labels), undefined);
      });
    }

    it("finds out what somebody built on one by other means", async () => {
      assert.match(await errorOf("TagTaken", () => check(debugBase)), /is a debug image, built from files/);
      assert.match(await errorOf("TagTaken", () => check(productionBase)), /was built from commit b{40}/);
    });
  });

  it("says that an argument which names a registry makes another build for each, and what does not", async () => {
    const labels = imageLabels(VERSION, `${EXPECTED.fingerprint} args=0`);
    const end = "set debug (--debug) to try it out, or publish to another repository.";
    const advice = async (args: Record<string, string>) => {
      const message = await errorOf("BuildInputsChanged", () => check(labels, { args }));
      return message.slice(message.indexOf(end) + end.length);
    };
    for (const value of [
      "gcr.io/staging/base:1",
      "localhost/base",
      "10.0.0.1:5000/base@sha256:0",
      "registry:5000/a/b",
    ]) {
      assert.equal(
        await advice({ MODE: "a/b", BASE: value }),
        ` build.args.BASE is ${value}, which differs between registries. If it is an image of this repository, pass it as ` +
          "build.bases.BASE, which is the same build for each registry.",
      );
    }
    for (const value of [
      "",
      "alpine:3",
      "library/alpine",
      "https://h.example/x",
      "1.2.3",
      "/usr/lib.d/x",
      "h.example/",
    ]) {
      assert.equal(await advice({ MODE: value }), "");
    }
  });
});
