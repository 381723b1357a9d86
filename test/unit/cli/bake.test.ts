import * as assert from "node:assert/strict";
import { realBuildx } from "../../support/buildx";
import { FakeRegistry, fakeRegistries } from "../../support/fakeRegistry";
import { cli, cliJson, labelsOf, repositories, shelf } from "./setup";

/** A base with what is built on it, a target that can be no image, and one whose directory is not there. */
const BAKE = `
group "default" { targets = ["api", "other"] }
target "base" { context = "images/base" }
target "api" {
  context  = "images/api"
  contexts = { base = "target:base" }
  tags     = ["r.io/api:latest"]
  secret   = ["id=absent,src=absent"]
  ssh      = ["default"]
}
target "other" { context = "images/other" }
target "inline" { dockerfile-inline = "FROM scratch" }
target "gone" { context = "images/gone" }
`;

describe("versioned-image --bake", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  const buildx = realBuildx();

  /** `base` and `other` were touched in the second commit, and `api` in the first. */
  function withBake() {
    const repository = withImage()
      .write("docker-bake.hcl", BAKE)
      .write("images/api/Dockerfile", "FROM base\n")
      .write("images/base/Dockerfile", "FROM scratch\n")
      .write("images/other/Dockerfile", "FROM scratch\n")
      .add()
      .commit("Add images")
      .write("images/other/main", "one\n")
      .add()
      .commit("Touch other")
      .write("images/base/main", "one\n")
      .add()
      .commit("Touch base");
    const [base = "", other = "", begin = ""] = ["HEAD", "HEAD~1", "HEAD~2"].map((name) =>
      repository.git("rev-parse", name),
    );
    return { repository, base, other, begin };
  }

  const ran = (argv: string[], env: NodeJS.ProcessEnv = {}) => cli(argv, { env: { ...buildx.env, ...env } });
  const json = (argv: string[], env: NodeJS.ProcessEnv = {}) => cliJson(argv, { env: { ...buildx.env, ...env } });

  describe("tag", () => {
    it("names the targets of the group default; the version of one follows its base", async () => {
      const { base, other } = withBake();
      assert.deepEqual(await ran(["tag", "--bake", "docker-bake.hcl"]), {
        status: 0,
        out: `api\t${base.slice(0, 7)}\nother\t${other.slice(0, 7)}\n`,
        err: "",
      });
    });

    it("prints the tag alone of one target", async () => {
      const { other } = withBake();
      assert.deepEqual(await ran(["tag", "other", "--bake", "docker-bake.hcl"]), {
        status: 0,
        out: `${other.slice(0, 7)}\n`,
        err: "",
      });
    });

    it("says the same as --base does", async () => {
      const { base } = withBake();
      const { out } = await ran(["tag", "images/api", "--base", "base=images/base"]);
      assert.equal(out, `${base.slice(0, 7)}\n`);
    });

    it("does not hide the others behind one that fails", async () => {
      const { other } = withBake();
      const { status, out, err } = await ran(["tag", "inline", "other", "gone", "--bake", "docker-bake.hcl"]);
      assert.equal(status, 1);
      assert.equal(out, `other\t${other.slice(0, 7)}\n`);
      assert.match(
        err,
        /^versioned-image: gone: .* \[ContextNotFound\]\nversioned-image: inline: The bake target inline has the dockerfile-inline: .* \[BakeUnfit\]\n$/,
      );
    });

    it("has target and context in JSON", async () => {
      const { repository, other } = withBake();
      const { status, json: printed } = await json(["tag", "other", "inline", "--bake", "docker-bake.hcl"]);
      assert.equal(status, 1);
      assert.deepEqual(printed.images[1], {
        target: "other",
        context: "images/other",
        tag: other.slice(0, 7),
        debug: false,
        commit: other,
        tree: repository.git("rev-parse", "HEAD:images/other"),
        uncommitted: [],
      });
      const { error, ...named } = printed.images[0];
      assert.deepEqual(named, { target: "inline" });
      assert.equal(error.code, "BakeUnfit");
    });

    it("covers what a base does that is built from all of the repository", async () => {
      const { repository } = withBake();
      const head = repository
        .write(
          "docker-bake.hcl",
          BAKE.replace('{ context = "images/base" }', '{ dockerfile = "images/base/Dockerfile" }'),
        )
        .add()
        .commit("Build the base from all")
        .git("rev-parse", "HEAD");
      assert.equal((await ran(["tag", "api", "--bake", "docker-bake.hcl"])).out, `${head.slice(0, 7)}\n`);
    });
  });

  describe("explain", () => {
    it("explains each target, by the repository of its first tag, and says what is not meant", async () => {
      const { repository, base, other } = withBake();
      const registry = await FakeRegistry.start(shelf([]));
      try {
        repository
          .write("docker-bake.hcl", BAKE.replace("r.io/api", `${registry.host}/api`))
          .add()
          .commit("Publish here");
        const { status, json: printed } = await json(["explain", "--bake", "docker-bake.hcl"]);
        assert.equal(status, 0);
        assert.deepEqual(
          printed.images.map(({ target, tag, bases, registry: asked, update }: Record<string, unknown>) => {
            return { target, tag, bases, asked, update };
          }),
          [
            {
              target: "api",
              tag: base.slice(0, 7),
              bases: { base: ["images/base"] },
              asked: { repository: `${registry.host}/api`, digest: null, build: null, warning: null, newest: null },
              update: { action: "publish" },
            },
            {
              target: "other",
              tag: other.slice(0, 7),
              bases: {},
              asked: null,
              update: { action: "publish-or-adopt" },
            },
          ],
        );
        assert.deepEqual(
          printed.unused.map(({ field, targets }: Record<string, unknown>) => [field, targets]),
          [["tags", ["api"]]],
        );
      } finally {
        await registry.stop();
      }
    });

    it("asks for the repositories of a pattern", async () => {
      const { repository, other } = withBake();
      const labels = labelsOf(repository, other, "images/other");
      const registry = await FakeRegistry.start(shelf([{ repository: "other", tags: [other.slice(0, 7)], labels }]));
      try {
        const pattern = `${registry.host}/{name}`;
        const { status, out } = await ran(["explain", "other", "--bake", "docker-bake.hcl", "--repository", pattern]);
        assert.equal(status, 0);
        assert.match(out, /^target other: images\/other in /);
        assert.match(out, /would use the image in the registry, and build nothing/);
      } finally {
        await registry.stop();
      }
    });

    it("ends with 1 where a target can be no image", async () => {
      withBake();
      const { status, out, err } = await ran(["explain", "inline", "--bake", "docker-bake.hcl"]);
      assert.deepEqual({ status, out }, { status: 1, out: "" });
      assert.match(err, /^versioned-image: inline: .* \[BakeUnfit\]\n$/);
    });
  });

  describe("verify", () => {
    /** A registry with `other` and `base`, `base` being another one than it was at HEAD if so. */
    async function withRegistry(contradicted = false) {
      const { repository, base, other } = withBake();
      const labels = labelsOf(repository, base, contradicted ? "images/api" : "images/base");
      const registry = await start(
        shelf([
          { repository: "other", tags: [other.slice(0, 7)], labels: labelsOf(repository, other, "images/other") },
          { repository: "base", tags: [base.slice(0, 7)], labels },
        ]),
      );
      return { repository, base, other, host: registry.host, pattern: ["--repository", `${registry.host}/{name}`] };
    }

    it("looks at what the targets have at HEAD, and those that they are built on", async () => {
      const { repository, base, other, host, pattern } = await withRegistry();
      repository.write("images/other/main", "not committed\n");
      const { status, out, err } = await ran(["verify", "--bake", "docker-bake.hcl", ...pattern]);
      const [tag, before] = [base.slice(0, 7), other.slice(0, 7)];
      const lines = [
        `consistent  ${host}/base:${tag}    ${base.slice(0, 12)} Touch base`,
        `error       ${host}/api:${tag}     The registry has no ${tag} in ${host}/api. See what it has with: versioned-image tags ${host}/api [ImageNotFound]`,
        `consistent  ${host}/other:${before}   ${other.slice(0, 12)} Touch other`,
        "",
        "2 of 3 images consistent with git, 0 of them verified.",
        "",
      ];
      assert.deepEqual([status, out.replace(/ {2,}/g, "  "), err], [1, lines.join("\n").replace(/ {2,}/g, "  "), ""]);
    });

    it("holds each against the directories that the file names", async () => {
      const { base, host, pattern } = await withRegistry(true);
      const { status, json: printed } = await json([
        "verify",
        "base",
        "inline",
        "--bake",
        "docker-bake.hcl",
        ...pattern,
      ]);
      const [one, two] = printed.images;
      assert.deepEqual(
        [status, printed.images.length, one.target, one.reference, one.consistent],
        [1, 2, "base", `${host}/base:${base.slice(0, 7)}`, false],
      );
      assert.deepEqual(
        one.checks
          .filter(({ result }: { result: string }) => result === "contradicted")
          .map(({ name }: { name: string }) => name),
        ["tree"],
      );
      assert.deepEqual([two.target, two.reference, two.error.code], ["inline", "inline", "BakeUnfit"]);
    });

    it("takes the prefix that versions have", async () => {
      const { other, pattern } = await withRegistry();
      const argv = ["verify", "other", "--bake", "docker-bake.hcl", ...pattern, "--tag-prefix", "v"];
      const { status, json: printed } = await json(argv);
      assert.deepEqual([status, printed.images[0].error.code], [1, "ImageNotFound"]);
      assert.match(printed.images[0].reference, new RegExp(`/other:v${other.slice(0, 7)}$`));
    });

    for (const [argv, code, message] of [
      [
        ["other", "--repository", "h.example/app", "--repository", "h.example/b"],
        "InvalidArgument",
        /once for all targets/,
      ],
      [["api", "--repository", "h.example/app"], "BakeUnfit", /have the same repository, h\.example\/app,/],
      [["other"], "BakeUnfit", /other has no tag with a registry's host/],
    ] as [string[], string, RegExp][]) {
      it(`refuses ${argv.join(" ")}`, async () => {
        withBake();
        const { status, json: printed } = await json(["verify", ...argv, "--bake", "docker-bake.hcl"]);
        assert.deepEqual([status, printed.error.code], [1, code]);
        assert.match(printed.error.message, message);
      });
    }
  });

  for (const [argv, complaint] of [
    [["tag"], "error: missing required argument 'context'"],
    [["explain"], "error: missing required argument 'context'"],
    [["explain", "a", "b"], "error: too many arguments. Expected 1 argument but got 2."],
    [["tag", "--bake", "x", "--path", "y"], "error: option '--bake <file>' cannot be used with option '--path <path>'"],
    [
      ["explain", "--bake", "x", "--platform", "linux/arm64"],
      "error: option '--bake <file>' cannot be used with option '--platform <platform>'",
    ],
    [
      ["publish", "--bake", "x", "--platform", "y"],
      "error: option '--bake <file>' cannot be used with option '--platform <platform>'",
    ],
    [["publish"], "error: missing required argument 'context'"],
    [["verify", "--bake", "x", "--all"], "error: option '--bake <file>' cannot be used with option '--all'"],
    [["verify", "a/b:1", "--tag-prefix", "v"], "error: option '--tag-prefix <prefix>' requires --bake"],
  ] as [string[], string][]) {
    it(`is wrong usage as ${argv.join(" ")}`, async () => {
      const { status, err } = await ran(argv);
      assert.equal(status, 2);
      assert.equal(err.split("\n")[0], complaint);
    });
  }

  it("fails in buildx's words where the file can't be read", async () => {
    const { repository } = withBake();
    repository.write("docker-bake.hcl", "target {");
    const { status, err } = await ran(["tag", "--bake", "docker-bake.hcl"]);
    assert.equal(status, 1);
    assert.match(
      err,
      /^versioned-image: `docker buildx bake --print` of docker-bake\.hcl in \S+ failed: docker-bake\.hcl:1\n/,
    );
    assert.match(err, / \[BakeFailed\]\n$/);
  });
});
