import * as assert from "node:assert/strict";
import * as path from "node:path";
import type { BakedSet } from "../../../components/bake/bakedImage";
import { bakedImages } from "../../../components/bake/bakedImages";
import { type Printed, type PrintedTarget, parsePrinted } from "../../../components/bake/printed";
import { repositoriesOf, repositoryOfTag } from "../../../components/bake/repositories";
import { sayUnmeant } from "../../../components/bake/said";
import { VersionedImageError } from "../../../components/errors";

const DIGEST = `sha256:${"0".repeat(64)}`;

function baked(target: Record<string, PrintedTarget>, group: Printed["group"] = {}, directory = "."): BakedSet {
  return bakedImages({ target, group }, directory);
}

function image(target: PrintedTarget, directory?: string) {
  const { images, refused } = baked({ api: target }, {}, directory);
  assert.deepEqual(refused, {});
  assert.equal(images.length, 1);
  return images[0];
}

/** Why a target can't be an image, without what all such messages begin with. */
function refusal(target: PrintedTarget): string {
  const { images, refused } = baked({ api: target });
  assert.deepEqual(images, []);
  assert.equal(refused.api?.code, "BakeUnfit");
  return refused.api?.message.replace("The bake target api has the ", "");
}

describe("a target of a bake file", () => {
  it("has the defaults of bake", () => {
    assert.deepEqual(image({}), {
      name: "api",
      context: ".",
      dockerfile: "Dockerfile",
      repository: undefined,
      directories: {},
      bases: {},
      build: {},
      secrets: {},
    });
  });

  it("has paths that are relative to where bake is run", () => {
    const target = {
      context: "services/api",
      dockerfile: "../api.Dockerfile",
      contexts: { lib: "lib", all: "cwd://." },
    };
    const here = image(target);
    assert.equal(here?.context, "services/api");
    assert.equal(here?.dockerfile, "../api.Dockerfile");
    assert.deepEqual(here?.directories, { lib: "lib", all: "." });
    const there = image(target, "..");
    assert.equal(there?.context, "../services/api");
    assert.equal(there?.dockerfile, "../api.Dockerfile");
    assert.deepEqual(there?.directories, { lib: "../lib", all: ".." });
    assert.deepEqual(there?.build.contexts, { lib: "../lib", all: ".." });
  });

  it("has absolute paths and a Dockerfile of the working directory, too", () => {
    const found = image({ context: path.resolve("services/api"), dockerfile: path.resolve("api.Dockerfile") });
    assert.equal(found?.context, "services/api");
    assert.equal(found?.dockerfile, "../../api.Dockerfile");
    assert.equal(
      image({ context: "services/api", dockerfile: "cwd://x/Dockerfile" })?.dockerfile,
      "../../x/Dockerfile",
    );
  });

  it("is built as it says", () => {
    const found = image({
      args: { A: "1", EMPTY: "", NONE: null, TEMPLATE: "$${x} %%{y}" },
      target: "final",
      platforms: ["linux/amd64", "linux/arm64"],
      ssh: [{ id: "default" }, { id: "key", paths: ["/agent"] }],
      contexts: { alpine: `docker-image://alpine@${DIGEST}`, lib: "lib" },
      "cache-from": [
        { ref: "r.io/c", type: "registry" },
        { type: "local", src: "cache" },
        { type: "gha", scope: "a,b" },
      ],
      "cache-to": [{ mode: "max", type: "registry", ref: "r.io/c" }],
      network: "none",
      "extra-hosts": { db: "10.0.0.1" },
    });
    assert.deepEqual(found?.build, {
      args: { A: "1", EMPTY: "", TEMPLATE: "$".concat("{x} %{y}") },
      target: "final",
      platforms: ["linux/amd64", "linux/arm64"],
      ssh: ["default", "key=/agent"],
      contexts: { lib: "lib", alpine: `docker-image://alpine@${DIGEST}` },
      cacheFrom: ["type=registry,ref=r.io/c", "type=local,src=cache", 'type=gha,"scope=a,b"'],
      cacheTo: ["type=registry,mode=max,ref=r.io/c"],
      network: "none",
      extraHosts: ["db:10.0.0.1"],
    });
  });

  it("is read as an older buildx prints it, too", () => {
    const found = image({
      secret: ["id=npm,src=.npmrc", "type=env,id=token,env=TOKEN", "plain"],
      ssh: ["default", "key=/agent"],
      "cache-from": ["type=registry,ref=r.io/c", "r.io/d"],
    });
    assert.deepEqual(found?.secrets, {
      npm: { file: path.resolve(".npmrc") },
      token: { variable: "TOKEN" },
      plain: { variable: "plain", file: path.resolve("plain") },
    });
    assert.deepEqual(found?.build, {
      ssh: ["default", "key=/agent"],
      cacheFrom: ["type=registry,ref=r.io/c", "type=registry,ref=r.io/d"],
    });
  });

  it("has secrets in files, variables, or whichever there is", () => {
    const found = image(
      { secret: [{ id: "npm", src: "npmrc" }, { id: "token", env: "TOKEN" }, { id: "either" }] },
      "..",
    );
    assert.deepEqual(found?.secrets, {
      npm: { file: path.resolve("../npmrc") },
      token: { variable: "TOKEN" },
      either: { variable: "either", file: path.resolve("../either") },
    });
  });

  for (const [what, target, message] of [
    [
      "an inline Dockerfile",
      { "dockerfile-inline": "FROM scratch" },
      "dockerfile-inline: git has no version of it; move the Dockerfile to a file.",
    ],
    [
      "a remote context",
      { context: "https://github.com/x/y.git#main" },
      'context "https://github.com/x/y.git#main": it is not local; name a directory in the repository.',
    ],
    [
      "a remote Dockerfile",
      { dockerfile: "https://example.com/Dockerfile" },
      'dockerfile "https://example.com/Dockerfile": it is not local; name a file in the repository.',
    ],
    [
      "a remote named context",
      { contexts: { src: "git@github.com:x/y.git" } },
      'named context src ("git@github.com:x/y.git"): it is not a directory, an image or a target, so one commit could give ' +
        "different builds.",
    ],
    [
      "an image without a digest",
      { contexts: { alpine: "docker-image://alpine:3" } },
      'named context alpine ("docker-image://alpine:3"): it can become another image; add its digest (docker-image://REFERENCE@sha256:DIGEST).',
    ],
    [
      "a base whose name is no build argument",
      { contexts: { "Base-Image": "target:base" } },
      'named context "Base-Image", which is a target: the name is also a build argument; rename it, here and in the Dockerfile, to ' +
        "lower-case letters and digits, with _ between them.",
    ],
    [
      "the platform local",
      { platforms: ["local"] },
      "platform local: the default platform depends on the machine; set one, such as linux/amd64.",
    ],
    ["an agent without a socket", { ssh: [{ id: "key" }] }, "ssh key: use default, or ID=SOCKET with one socket."],
  ] as [string, PrintedTarget, string][]) {
    it(`is refused with ${what}`, () => {
      assert.equal(refusal(target), message);
    });
  }
});

describe("the targets of a bake file", () => {
  const chain = {
    api: { contexts: { runtime: "target:runtime" } },
    base: {},
    runtime: { contexts: { base: "target:base", again: "target:base" } },
  };

  it("come after those that they are built on", () => {
    const { images, asked } = baked(chain, { default: { targets: ["api"] } });
    assert.deepEqual(
      images.map(({ name, bases }) => [name, bases]),
      [
        ["base", {}],
        ["runtime", { base: "base", again: "base" }],
        ["api", { runtime: "runtime" }],
      ],
    );
    assert.deepEqual(asked, ["api"]);
  });

  it("are asked for by groups of groups", () => {
    const group = { default: { targets: ["all", "web"] }, all: { targets: ["api", "all"] } };
    assert.deepEqual(baked({ api: {}, web: {}, other: {} }, group).asked, ["api", "web"]);
    assert.deepEqual(baked({ default: {} }, { default: { targets: ["default"] } }).asked, ["default"]);
    assert.deepEqual(baked({}, { default: { targets: null } }).asked, []);
  });

  it("are refused on one that is", () => {
    const { images, refused } = baked({ ...chain, base: { context: "https://x.io/y.git" } });
    assert.deepEqual(images, []);
    assert.match(
      refused.api?.message ?? "",
      /^The bake target api is built on runtime, .* built on base, .* named? a directory/,
    );
  });

  it("say each field once that is not meant", () => {
    const { unmeant } = baked({
      api: { output: [{ type: "registry" }], labels: { a: "b" }, tags: ["r.io/api:1"], newest: true } as PrintedTarget,
      web: { output: ["type=docker"], tags: ["r.io:5000/web"], description: "The web" } as PrintedTarget,
    });
    assert.deepEqual(unmeant.map(sayUnmeant), [
      "labels of api: not set: write them as LABEL in the Dockerfile",
      "newest of api: unknown to this release, and not used",
      "output of api, web: not used: an image is always pushed to its repository",
      "tags of api: only the first one's repository is used, and the tag is the version: set other tags with alsoTag or releaseTags",
    ]);
    assert.equal(
      sayUnmeant({ field: "pull", targets: ["a", "b", "c", "d", "e", "f", "g"], why: "no" }),
      "pull of a, b, c, d, e and 2 more: no",
    );
  });
});

describe("the repositories of a bake file", () => {
  for (const [tag, repository] of [
    ["gcr.io/p/api:1.2", "gcr.io/p/api"],
    ["localhost:5000/api", "localhost:5000/api"],
    ["localhost/api:x", "localhost/api"],
    ["user/api:latest", "docker.io/user/api"],
    ["api:1", undefined],
    [`r.io/api:1@${DIGEST}`, "r.io/api"],
  ] as const) {
    it(`are ${repository ?? "none"} for ${tag}`, () => {
      assert.equal(repositoryOfTag(tag), repository);
    });
  }

  const images = (...tags: (string | undefined)[]) =>
    baked(Object.fromEntries(tags.map((tag, index) => [`t${index}`, tag === undefined ? {} : { tags: [tag] }]))).images;
  const unfit = (message: RegExp) => (error: unknown) =>
    error instanceof VersionedImageError && error.code === "BakeUnfit" && message.test(error.message);

  it("are those of the tags, or of a pattern", () => {
    assert.deepEqual(repositoriesOf(images("r.io/a:1", "r.io/b"), undefined), { t0: "r.io/a", t1: "r.io/b" });
    assert.deepEqual(repositoriesOf(images("r.io/a", undefined), "x.io/{name}/{name}"), {
      t0: "x.io/t0/t0",
      t1: "x.io/t1/t1",
    });
  });

  it("can't be none, nor shared by two", () => {
    assert.throws(
      () => repositoriesOf(images(undefined), undefined),
      unfit(/^The bake target t0 has no tag with a registry's host\. /),
    );
    assert.throws(
      () => repositoriesOf(images("r.io/a:1", "r.io/a:2"), undefined),
      unfit(/^The bake targets t0 and t1 have the same repository, r\.io\/a, /),
    );
    assert.throws(() => repositoriesOf(images("r.io/a", "r.io/b"), "x.io/y"), unfit(/^The bake targets t0 and t1 /));
  });
});

describe("what bake prints", () => {
  for (const text of ["", "[]", "null", '{"group":{}}']) {
    it(`can't be ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parsePrinted(text),
        (error) => error instanceof VersionedImageError && error.code === "BakeFailed",
      );
    });
  }
});
