import * as assert from "node:assert/strict";
import { dirtyIn, imageLabels, labelIn, OWN_LABELS, type Version } from "../../../components/version";

const REVISION = "org.opencontainers.image.revision";
const CREATED = "org.opencontainers.image.created";
const VERSION = "org.opencontainers.image.version";
const SOURCE = "org.opencontainers.image.source";
const TREE = "dev.versioned-image.tree";
const BUILD = "dev.versioned-image.build";
const DIRTY = "dev.versioned-image.dirty";
const CONTEXT = "dev.versioned-image.context";
const PATHS = "dev.versioned-image.paths";
const DOCKERFILE = "dev.versioned-image.dockerfile";
const BASES = "dev.versioned-image.bases";
const BASE_NAME = "org.opencontainers.image.base.name";
const BASE_DIGEST = "org.opencontainers.image.base.digest";

const PRODUCTION = {
  tag: "88d38d9",
  debug: false,
  commit: "c",
  tree: "t",
  committedAt: new Date("2024-01-02T03:04:05Z"),
  uncommitted: [],
  context: "app",
  paths: ["app", "images/base"],
  files: ["app"],
  dockerfile: "app/Dockerfile",
  contexts: {},
  bases: {},
  remote: "https://h.example/r",
} as unknown as Version;
const DEBUG: Version = { ...PRODUCTION, tag: "88d38d9-debug", debug: true };

describe("imageLabels", () => {
  it("say where a production image comes from", () => {
    assert.deepEqual(imageLabels(PRODUCTION, "f"), {
      [REVISION]: "c",
      [TREE]: "t",
      [BUILD]: "f",
      [VERSION]: "88d38d9",
      "org.opencontainers.image.title": "app",
      [CREATED]: "2024-01-02T03:04:05Z",
      [SOURCE]: "https://h.example/r",
      [DIRTY]: "",
      [CONTEXT]: "app",
      [PATHS]: '["app"]',
      [DOCKERFILE]: "app/Dockerfile",
      [BASES]: "",
      [BASE_NAME]: "",
      [BASE_DIGEST]: "",
    });
  });

  it("name the root as it is in a path", () => {
    const { [CONTEXT]: context, [PATHS]: paths } = imageLabels({ ...PRODUCTION, context: "", files: [""] }, "f");
    assert.deepEqual([context, paths], [".", '["."]']);
  });

  it("name the images that it is built on; OCI's labels the one, if it is one", () => {
    const base = { covers: ["images/base"], tree: "b" };
    const reference = "h.example/base:1111111@sha256:d";
    const one = imageLabels({ ...PRODUCTION, bases: { BASE: base } }, "f", { BASE: reference });
    assert.deepEqual(
      [one[BASES], one[BASE_NAME], one[BASE_DIGEST]],
      [`{"BASE":{"reference":"${reference}","covers":["images/base"]}}`, "h.example/base:1111111", "sha256:d"],
    );
    const two = imageLabels({ ...PRODUCTION, bases: { B: { ...base, covers: [""] }, A: base } }, "f", {
      A: "a@x",
      B: "b@y",
    });
    assert.deepEqual(
      [two[BASES], two[BASE_NAME], two[BASE_DIGEST]],
      ['{"A":{"reference":"a@x","covers":["images/base"]},"B":{"reference":"b@y","covers":["."]}}', "", ""],
    );
  });

  it("say whether a debug image was made with uncommitted changes", () => {
    const dirty = (uncommitted: Version["uncommitted"]) => imageLabels({ ...DEBUG, uncommitted }, "f")[DIRTY];
    assert.deepEqual([dirty([]), dirty([{ status: "??", path: "x" }])], ["false", "true"]);
  });

  it("are all written, whatever is known, so that none is a base image's", () => {
    const lacking = imageLabels({ ...PRODUCTION, remote: undefined }, undefined);
    assert.deepEqual(Object.keys(lacking), [...OWN_LABELS]);
    assert.deepEqual([lacking[SOURCE], lacking[BUILD], lacking[DIRTY]], ["", "", ""]);
  });
});

describe("what an image's labels say", () => {
  /** What is written over what a base image has. */
  const on = (base: Record<string, string>, own: Record<string, string>) => ({ ...base, ...own });
  /** As the release before wrote them: without those that have nothing to say. */
  const released = (labels: Record<string, string>) =>
    Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
  const base = imageLabels({ ...PRODUCTION, commit: "b", remote: "https://h.example/base" }, "base");
  const debugBase = imageLabels({ ...DEBUG, tag: "1111111-debug", commit: "b" }, "base");

  it("takes an empty one for none", () => {
    assert.equal(labelIn({ [SOURCE]: "" }, SOURCE), undefined);
    assert.equal(labelIn({}, SOURCE), undefined);
    assert.equal(labelIn({ [SOURCE]: "s" }, SOURCE), "s");
  });

  for (const [what, said, dirty] of [
    ["a debug image", { ...imageLabels(DEBUG, "f"), [DIRTY]: "true" }, true],
    ["one without uncommitted changes", imageLabels(DEBUG, "f"), false],
    ["a debug image of the release before", released(imageLabels(DEBUG, "f")), false],
    ["one that names no version", { [DIRTY]: "true" }, true],
    ["a debug image on a debug image", on(debugBase, imageLabels(DEBUG, "f")), false],
    ["a production image", imageLabels(PRODUCTION, "f"), undefined],
    ["one of the release before", released(imageLabels(PRODUCTION, "f")), undefined],
    ["one on a debug image", on(debugBase, imageLabels(PRODUCTION, "f")), undefined],
    ["one of the release before on a debug image", on(debugBase, released(imageLabels(PRODUCTION, "f"))), undefined],
    ["one on a production image", on(base, imageLabels(PRODUCTION, "f")), undefined],
    ["any other image", {}, undefined],
  ] as const) {
    it(`of uncommitted changes, in ${what}: ${dirty ?? "nothing"}`, () => {
      assert.equal(dirtyIn(said), dirty);
    });
  }

  it("is nothing of a base image", () => {
    const said = on(base, imageLabels({ ...PRODUCTION, remote: undefined }, undefined));
    assert.deepEqual(
      [REVISION, SOURCE, BUILD].map((name) => labelIn(said, name)),
      ["c", undefined, undefined],
    );
  });
});
