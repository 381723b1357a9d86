import * as assert from "node:assert/strict";
import { fakeRegistries } from "../../support/fakeRegistry";
import {
  BUILD,
  cli,
  cliJson,
  DIRTY,
  DOCKERFILE,
  digestOf,
  labelsOf,
  marked,
  REVISION,
  repositories,
  type Shelved,
  shelf,
  sourceLabelsOf,
  TREE,
} from "./setup";

describe("versioned-image explain", () => {
  const { withImage, keep } = repositories();
  const start = fakeRegistries();

  /** The lines of a part of the explanation, such as Registry. */
  function part(out: string, name: string): string[] {
    const lines = out.split("\n");
    const first = lines.findIndex((line) => line.startsWith(`${name} `));
    assert.notEqual(first, -1, out);
    const length = lines.slice(first + 1).findIndex((line) => !line.startsWith(" "));
    return lines.slice(first, first + 1 + length).map((line) => line.replace(/^\w+ +/, "").trim());
  }

  async function holding(...images: Shelved[]) {
    const registry = await start(shelf(images));
    return { registry, repository: `${registry.host}/app` };
  }

  it("shows how the version came about", async () => {
    const made = withImage().write(".gitignore", "secret\n").write("images/app/secret", "s").write("elsewhere", "x");
    made.git("remote", "add", "origin", "https://user:canary@example.com/app.git");
    const commit = made.head();
    made.add().commit("Elsewhere").write("elsewhere", "y");
    assert.deepEqual(await cli(["explain", "images/app"]), {
      status: 0,
      err: "",
      out: `images/app in ${made.directory}

Version     ${commit.slice(0, 7)}
Commit      ${commit}
            "Add the image"
            by Ada, 2024-01-01 00:01 UTC (2 days ago)
            the last commit that touched what the image is made of; the tag is named after it
Tree        ${made.git("rev-parse", "HEAD:images/app")}
Covers      images/app
Dockerfile  images/app/Dockerfile
Source      https://example.com/app.git

Uncommitted  none
Hidden       none
Ignored      1 path: never in a production image
               images/app/secret

Registry  not checked: name it with --repository
Update    would build the commit and push it, unless the registry has it already
`,
    });
  });

  it("lists the commits since a revision", async () => {
    const made = withImage();
    const first = made.head();
    made.write("images/app/x", "x").add().commit("Add x");
    const { out } = await cli(["explain", "images/app", "--since", first.slice(0, 7)]);
    assert.ok(out.endsWith(`\n1 commit since ${first.slice(0, 7)}:\n  ${made.head().slice(0, 7)} Add x (Ada)\n`), out);
    assert.ok(
      (await cli(["explain", "images/app", "--since", "HEAD"])).out.endsWith(
        "\nno commit since HEAD touches what the image is made of\n",
      ),
    );
    const { json } = await cliJson(["explain", "images/app", "--since", first]);
    assert.deepEqual(
      [json.since.revision, json.since.added.map(({ hash }: { hash: string }) => hash), json.since.removed],
      [first, [made.head()], []],
    );
    const unknown = await cliJson(["explain", "images/app", "--since", "0123456"]);
    assert.deepEqual([unknown.status, unknown.json.error.code], [1, "InvalidArgument"]);
  });

  it("prints the whole of it as JSON", async () => {
    const made = withImage();
    const commit = made.head();
    const { registry, repository } = await holding({
      tags: [commit.slice(0, 7)],
      labels: { ...labelsOf(made, commit, "images/app"), [BUILD]: "platform=linux/amd64 dockerfile=Dockerfile" },
    });
    assert.deepEqual(await cliJson(["explain", "images/app", "--repository", repository]), {
      status: 0,
      json: {
        tag: commit.slice(0, 7),
        debug: false,
        commit: { hash: commit, subject: "Add the image", author: "Ada", committedAt: "2024-01-01T00:01:00.000Z" },
        tree: made.git("rev-parse", "HEAD:images/app"),
        git: { root: made.directory, shallow: false },
        source: null,
        context: "images/app",
        paths: ["images/app"],
        files: ["images/app"],
        bases: {},
        dockerfile: "images/app/Dockerfile",
        uncommitted: [],
        hidden: [],
        leftOut: [],
        ignored: [],
        uninitialized: [],
        missing: [],
        registry: {
          repository,
          digest: await digestOf(registry, commit.slice(0, 7)),
          build: "platform=linux/amd64 dockerfile=Dockerfile",
          warning: null,
          newest: null,
        },
        update: { action: "adopt" },
      },
    });
  });

  it("says that an update would publish what the registry does not have", async () => {
    const made = withImage();
    const { repository } = await holding();
    const { status, out } = await cli(["explain", "images/app", "--repository", repository]);
    assert.equal(status, 0);
    assert.deepEqual(part(out, "Registry"), [`${repository}:${made.head().slice(0, 7)} does not exist`]);
    assert.deepEqual(part(out, "Update"), [
      `would build commit ${made.head().slice(0, 12)} and push it to ${repository}, which lacks it`,
    ]);
  });

  it("says that an update would use what the registry has", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const { registry, repository } = await holding({
      tags: [tag],
      labels: { ...labelsOf(made, made.head(), "images/app"), [BUILD]: "platform=linux/amd64" },
    });
    const { status, out } = await cli(["explain", "images/app", "--repository", repository]);
    assert.equal(status, 0);
    assert.deepEqual(part(out, "Registry"), [
      `${repository}:${tag} exists`,
      await digestOf(registry, tag),
      "built with platform=linux/amd64",
    ]);
    assert.deepEqual(part(out, "Update"), [
      "would use the image in the registry, and build nothing",
      "unless the program builds it differently, which would be refused (BuildInputsChanged)",
    ]);
  });

  it("says that an update would warn of an image that can't be traced", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const { repository } = await holding({ tags: [tag] });
    const { status, out } = await cli(["explain", "images/app", "--repository", repository]);
    assert.equal(status, 0);
    assert.equal(part(out, "Registry")[2], "it does not say which commit it was built from");
    assert.match(part(out, "Update")[1] ?? "", /^with a warning: .* nothing proves which commit it was built from\.$/);
    const { json } = await cliJson(["explain", "images/app", "--repository", repository]);
    assert.equal(json.update.action, "adopt");
    assert.match(json.registry.warning, /nothing proves which commit it was built from\.$/);
  });

  it("says that an update would be refused where the tag is another commit's, with exit status 1", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const labels = { [REVISION]: "2".repeat(40), [TREE]: made.git("rev-parse", "HEAD:images/app") };
    const { registry, repository } = await holding({ tags: [tag], labels });
    const { status, out, err } = await cli(["explain", "images/app", "--repository", repository]);
    assert.equal(status, 1);
    assert.equal(err, "");
    assert.deepEqual(part(out, "Registry").slice(0, 2), [`${repository}:${tag} exists`, await digestOf(registry, tag)]);
    const update = part(out, "Update");
    assert.match(update[0] ?? "", /^would be refused: .* was built from commit 2{40}, .*\. Different labels:$/);
    assert.equal(
      update[1],
      `org.opencontainers.image.revision: the image has "${"2".repeat(40)}", this build "${made.head()}"`,
    );
    assert.match(update.at(-1) ?? "", /^It is never overwritten\. .* \[TagTaken\]$/);
  });

  it("says that an update would be refused for what is not committed, hidden or not there", async () => {
    const made = withImage().write("images/app/main", "two\n").write("images/app/new", "x");
    const { registry, repository } = await holding();
    const { status, out } = await cli(["explain", "images/app", "--repository", repository]);
    assert.equal(status, 1);
    assert.deepEqual(registry.requests, []);
    assert.deepEqual(part(out, "Version"), ["none"]);
    assert.deepEqual(part(out, "Uncommitted"), ["2 paths", "M images/app/main", "?? images/app/new"]);
    assert.deepEqual(part(out, "Registry"), ["not checked: there is no version"]);
    assert.match(part(out, "Update").at(-1) ?? "", /^Commit them .* \[UncommittedChanges\]$/);

    made.remove("images/app/new").git("update-index", "--assume-unchanged", "images/app/main");
    const { json } = await cliJson(["explain", "images/app"]);
    assert.deepEqual(json.hidden, ["images/app/main"]);
    assert.equal(json.tag, null);
    assert.equal(json.update.error.code, "HiddenChanges");

    made.write("images/new/Dockerfile", "FROM scratch\n");
    const never = await cli(["explain", "images/new"]);
    assert.equal(never.status, 1);
    assert.deepEqual(part(never.out, "Commit"), ["none: images/new was never committed"]);
    assert.deepEqual(part(never.out, "Tree"), ["none"]);
    assert.deepEqual(part(never.out, "Dockerfile"), ["images/new/Dockerfile (not committed)"]);
  });

  it("says that an update would be refused where the registry does not answer clearly", async () => {
    const made = withImage();
    const registry = await start(() => ({ status: 401, body: { errors: [{ code: "UNAUTHORIZED" }] } }));
    const repository = `${registry.host}/app`;
    const { status, out } = await cli(["explain", "images/app", "--repository", repository]);
    assert.equal(status, 1);
    assert.deepEqual(part(out, "Registry"), [`${repository}:${made.head().slice(0, 7)}: no clear answer`]);
    assert.match(part(out, "Update").join(" "), /^would be refused: .* \[RegistryUnauthorized\]$/);
  });

  it("shows what debug mode would do", async () => {
    const made = withImage().write(".gitignore", "secret\n").add().commit().write("images/app/secret", "s");
    made.write("images/app/main", "two\n");
    const commit = made.git("rev-parse", "HEAD~1");
    const tag = `${commit.slice(0, 7)}-debug`;
    const { repository } = await holding({ tags: [tag], labels: { [DIRTY]: "true" } });
    const { status, out } = await cli(["explain", "images/app", "--debug", "--repository", repository]);
    assert.equal(status, 0);
    assert.deepEqual(part(out, "Version"), [tag]);
    assert.deepEqual(part(out, "Ignored"), [
      "1 path: debug builds include them unless .dockerignore excludes them",
      "images/app/secret",
    ]);
    assert.deepEqual(part(out, "Update"), [
      "would build the directory as it is on disk (1 uncommitted change)",
      `and push it to ${repository}, replacing the existing image`,
    ]);
    const { json } = await cliJson(["explain", "images/app", "--debug"]);
    assert.deepEqual([json.tag, json.debug, json.registry, json.update], [tag, true, null, { action: "debug" }]);
  });

  it("names the version after the tree, and says so, in a shallow clone too", async () => {
    const made = withImage().write("elsewhere", "x").add().commit("Elsewhere");
    process.chdir(keep(made.clone("--depth=1")).directory);
    const tree = made.git("rev-parse", "HEAD:images/app");
    const { status, out } = await cli(["explain", "images/app", "--tag-policy", "tree"]);
    assert.equal(status, 0);
    assert.deepEqual(part(out, "Version"), [tree.slice(0, 7)]);
    assert.deepEqual(part(out, "Commit").slice(-2), [
      "the last commit that touched what the image is made of; the tag is named after the tree",
      "the clone is shallow and ends here: the real one may be older",
    ]);
    const refused = await cliJson(["explain", "images/app"]);
    assert.equal(refused.status, 1);
    assert.equal(refused.json.git.shallow, true);
    assert.equal(refused.json.update.error.code, "ShallowHistory");
  });

  it("shows only the first of many files", async () => {
    const made = withImage();
    for (let file = 10; file < 23; file++) {
      made.write(`images/app/${file}`, "x");
    }
    const { out } = await cli(["explain", "images/app"]);
    const uncommitted = part(out, "Uncommitted");
    assert.equal(uncommitted[0], "13 paths");
    assert.equal(uncommitted[10], "?? images/app/19");
    assert.deepEqual(uncommitted.slice(11), ["and 3 more"]);
    assert.equal((await cliJson(["explain", "images/app"])).json.uncommitted.length, 13);
  });

  it("shows the version green and a refusal red", async () => {
    const made = withImage();
    const fine = marked((await cli(["explain", "images/app"], { color: true })).out);
    assert.match(fine, new RegExp(`\nVersion {5}<32>${made.head().slice(0, 7)}<39>\n`));
    made.write("images/app/new", "x");
    const refused = marked((await cli(["explain", "images/app"], { color: true })).out);
    assert.match(refused, /\nVersion {5}<31>none<39>\n/);
    assert.match(refused, /\nUpdate {4}<31>would be refused: images\/app has uncommitted changes:<39>\n/);
  });

  it("is an error where there is nothing to explain", async () => {
    withImage();
    const { status, out, err } = await cli(["explain", "images/none"]);
    assert.equal(status, 1);
    assert.equal(out, "");
    assert.match(err, /^versioned-image: Directory images\/none does not exist .* \[ContextNotFound\]\n$/);
  });

  describe("of an image that is made of more", () => {
    /** images/app, whose program has lib and images/base beside it, at three commits. */
    function monorepo() {
      const made = withImage();
      made.write("lib/a", "a").write("images/base/Dockerfile", "FROM scratch\n").add().commit("Add lib and a base");
      made.write("images/base/x", "x").add().commit("Touch the base");
      return made;
    }

    it("tells its own files from what its bases cover, and shows their commits", async () => {
      const made = monorepo();
      const options = ["--build-context", "lib=lib", "--base", "BASE=images/base"];
      const { out } = await cli(["explain", "images/app", ...options, "--since", "HEAD~2"]);
      assert.deepEqual(part(out, "Covers"), ["images/app", "lib", "BASE: images/base"]);
      assert.deepEqual(part(out, "Commit").slice(0, 2), [made.head(), '"Touch the base"']);
      assert.match(
        out,
        /2 commits since HEAD~2:\n {2}\w{7} Touch the base \(Ada\)\n {2}\w{7} Add lib and a base \(Ada\)\n$/,
      );
      const { json } = await cliJson(["explain", "images/app", ...options]);
      assert.deepEqual(
        [json.paths, json.files, json.bases],
        [["images/app", "images/base", "lib"], ["images/app", "lib"], { BASE: ["images/base"] }],
      );
    });

    it("says that the newest version there was made of other paths, and how to ask for them", async () => {
      const made = monorepo();
      const commit = made.head();
      const older = made.git("rev-parse", "HEAD~1");
      const bases = { BASE: { reference: "h.example/base:1@sha256:d", covers: ["images/base"] } };
      const { repository } = await holding(
        {
          tags: [commit.slice(0, 7)],
          labels: sourceLabelsOf(made, commit, "images/app", ["images/app", "lib"], bases),
        },
        { tags: [older.slice(0, 9), "latest"], labels: sourceLabelsOf(made, older, "images/app", ["images/app"]) },
      );
      const ask = ["explain", "images/app", "--repository", repository];
      const newest = {
        tag: commit.slice(0, 7),
        context: "images/app",
        paths: ["images/app", "images/base", "lib"],
        options: ["--build-context NAME=lib", "--base BASE=images/base"],
      };
      assert.deepEqual((await cliJson(ask)).json.registry.newest, newest);
      assert.deepEqual(part((await cli(ask)).out, "Registry").slice(1), [
        `the newest version in ${repository}, ${commit.slice(0, 7)}, was made of images/app, images/base, lib`,
        "you asked for images/app: add --build-context NAME=lib --base BASE=images/base",
      ]);
      const right = await cliJson([...ask, "--build-context", "lib=lib", "--base", "BASE=images/base"]);
      assert.deepEqual([right.json.update.action, right.json.registry.newest], ["adopt", null]);
    });

    it("names parts of the directory relative to it, and the directory where it is another one", async () => {
      const made = monorepo();
      made.write("images/app/the docs/x", "x").add().commit("Docs");
      const parts = ["images/app/Dockerfile", "images/app/main"];
      const commit = made.git("rev-list", "-1", "HEAD", "--", ...parts);
      const { repository } = await holding({
        tags: [commit.slice(0, 7)],
        labels: sourceLabelsOf(made, commit, "images/app", parts),
      });
      const { out } = await cli(["explain", "images/app", "--repository", repository]);
      assert.equal(part(out, "Registry")[2], "you asked for images/app: add --path Dockerfile --path main");
      const other = await cli(["explain", "images/base", "--repository", repository]);
      assert.equal(part(other.out, "Registry")[2], "you asked for images/base: its directory is images/app");
    });

    it("names a Dockerfile outside of the directory, and all that a base covers", async () => {
      const made = monorepo();
      made.write("docker/app.Dockerfile", "FROM scratch\n").write("docker/base.Dockerfile", "FROM scratch\n").add();
      made.commit("Dockerfiles");
      const commit = made.head();
      const withIgnore = (file: string) => [file, `${file}.dockerignore`];
      const covers = [...withIgnore("docker/base.Dockerfile"), "images/base"];
      const labels = sourceLabelsOf(
        made,
        commit,
        "images/app",
        [...withIgnore("docker/app.Dockerfile"), "images/app"],
        {
          BASE: { reference: "h.example/base:1@sha256:d", covers },
        },
      );
      const { repository } = await holding({
        tags: [commit.slice(0, 7)],
        labels: { ...labels, [DOCKERFILE]: "docker/app.Dockerfile" },
      });
      const ask = ["explain", "images/app", "--repository", repository];
      const { options } = (await cliJson(ask)).json.registry.newest;
      assert.deepEqual(options, [
        "--dockerfile ../../docker/app.Dockerfile",
        ...covers.map((cover) => `--base BASE=${cover}`),
      ]);
      const right = await cliJson([...ask, ...options.flatMap((option: string) => option.split(" "))]);
      assert.deepEqual([right.json.update.action, right.json.registry.newest], ["adopt", null]);
    });

    it("says why the registry does not tell", async () => {
      const made = monorepo();
      made.write("images/app/main", "two").add().commit("Two");
      const { host } = await start(shelf([], { "/v2/app/tags/list?n=1000": { status: 403, body: {} } }));
      const { status, out } = await cli(["explain", "images/app", "--repository", `${host}/app`]);
      assert.equal(status, 0);
      assert.match(
        part(out, "Registry")[1] ?? "",
        /^what the newest version was made of is unknown: .*\[RegistryUnauthorized\]$/,
      );
    });
  });
});
