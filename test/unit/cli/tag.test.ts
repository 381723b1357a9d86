import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { run } from "../../../cli/run";
import { repo } from "../../support/repo";
import { cli, cliJson, repositories, treeOfPaths } from "./setup";

describe("versioned-image tag", () => {
  const { withImage, keep } = repositories();

  it("prints the first 7 digits of the last commit that touched the directory, and nothing else", async () => {
    const repository = withImage();
    const commit = repository.head();
    repository.write("elsewhere", "x").add().commit("Elsewhere");
    assert.deepEqual(await cli(["tag", "images/app"]), { status: 0, out: `${commit.slice(0, 7)}\n`, err: "" });
  });

  it("finds an absolute directory, too", async () => {
    const repository = withImage();
    process.chdir("/");
    const { out } = await cli(["tag", repository.path("images/app")]);
    assert.equal(out, `${repository.head().slice(0, 7)}\n`);
  });

  it("takes the component's ways to name a version", async () => {
    const repository = withImage().write("images/app/src/a", "a").add().commit("Add src");
    const [older, newer] = [repository.git("rev-parse", "HEAD~1"), repository.head()];
    const tree = repository.git("rev-parse", "HEAD:images/app");
    repository.write("images/app/new", "x");
    const context = repository.path("images/app");
    const tagged = async (...options: string[]) => (await cli(["tag", context, ...options])).out.trim();
    assert.equal(await tagged("--debug"), `${newer.slice(0, 7)}-debug`);
    assert.equal(await tagged("--path", "Dockerfile", "--path", "main"), older.slice(0, 7));
    assert.equal(await tagged("--path", "Dockerfile", "--path", "src"), newer.slice(0, 7));
    assert.equal(await tagged("--revision", "HEAD~1"), older.slice(0, 7));
    assert.match((await cli(["tag", context, "--revision", "v9"])).err, /revision is "v9", .*\[RevisionNotFound\]/);
    repository.remove("images/app/new");
    assert.equal(await tagged("--tag-policy", "tree"), tree.slice(0, 7));
    assert.equal(await tagged("--tag-policy", "Tree", "--tag-length", "40"), tree);
    assert.equal(await tagged("--tag-length", "12"), newer.slice(0, 12));
  });

  it("follows the images that it is built on", async () => {
    const repository = withImage();
    const app = repository.head();
    repository.write("images/base/Dockerfile", "FROM scratch\n").add().commit("Add a base");
    const base = repository.head();
    repository.write("images/os/Dockerfile", "FROM scratch\n").add().commit("Add its base");
    const tagged = async (...options: string[]) => (await cli(["tag", "images/app", ...options])).out.trim();
    assert.equal(await tagged(), app.slice(0, 7));
    assert.equal(await tagged("--base", "BASE=images/base"), base.slice(0, 7));
    assert.equal(await tagged("--base", "BASE=images/base", "--base", "OS=images/os"), repository.head().slice(0, 7));
    process.chdir("images/base");
    assert.equal((await cli(["tag", "../app", "--base", "BASE=."])).out.trim(), base.slice(0, 7));
    repository.write("images/base/new", "x");
    assert.match(
      (await cli(["tag", "../app", "--base", "BASE=."])).err,
      /images\/base\/new.*\[UncommittedChanges\]\n$/s,
    );
  });

  it("follows a base to all that it covers: the whole repository, or several files and directories", async () => {
    const repository = withImage();
    repository.write("docker/base.Dockerfile", "FROM scratch\n").write("images/base/main", "one\n").add();
    repository.commit("Add a base");
    const base = repository.head();
    const covers = ["images/base", "docker/base.Dockerfile", "docker/base.Dockerfile.dockerignore"];
    const options = covers.flatMap((path) => ["--base", `BASE=${path}`]);
    const tagged = async (...of: string[]) => (await cli(["tag", "images/app", ...of])).out.trim();
    assert.equal(await tagged(...options), base.slice(0, 7));
    const { json } = await cliJson(["explain", "images/app", ...options]);
    assert.deepEqual(json.bases, { BASE: covers.sort() });
    assert.equal(json.tree, treeOfPaths(repository, base, ["images/app", ...covers]));

    repository.write("docker/base.Dockerfile.dockerignore", "x\n").add().commit("Ignore");
    const ignored = repository.head();
    repository.write("README", "x\n").add().commit("Another file");
    assert.equal(await tagged(...options), ignored.slice(0, 7));
    assert.equal(await tagged("--base", "BASE=."), repository.head().slice(0, 7));
    repository.remove("docker/base.Dockerfile");
    assert.match(
      (await cli(["tag", "images/app", ...options])).err,
      / D docker\/base.Dockerfile\n.*\[UncommittedChanges\]\n$/s,
    );
  });

  it("refuses a base that is nowhere, or in another repository", async () => {
    withImage();
    const other = keep(repo()).write("Dockerfile", "FROM scratch\n").add().commit();
    assert.match((await cli(["tag", "images/app", "--base", "BASE=images/none"])).err, /\[ContextNotFound\]\n$/);
    assert.match(
      (await cli(["tag", "images/app", "--base", `BASE=${other.directory}`])).err,
      /\[OutsideRepository\]\n$/,
    );
    assert.equal((await cli(["tag", "images/app", "--base", "images/base"])).status, 2);
  });

  it("takes another Dockerfile", async () => {
    const repository = withImage().write("images/app/other.Dockerfile", "FROM scratch\n");
    const options = ["tag", "images/app", "--path", "main", "--path", "other.Dockerfile"];
    assert.match((await cli(options)).err, /\[NeverCommitted\]\n$/);
    repository.add().commit("Add another");
    const { out } = await cli([...options, "--dockerfile", "other.Dockerfile"]);
    assert.equal(out, `${repository.head().slice(0, 7)}\n`);
  });

  it("prints JSON", async () => {
    const repository = withImage().write("images/app/new", "x");
    assert.deepEqual(await cliJson(["tag", "images/app", "--debug"]), {
      status: 0,
      json: {
        tag: `${repository.head().slice(0, 7)}-debug`,
        debug: true,
        commit: repository.head(),
        tree: repository.git("rev-parse", "HEAD:images/app"),
        uncommitted: [{ status: "??", path: "images/app/new" }],
      },
    });
  });

  it("refuses uncommitted changes, and lists them on standard error with the code", async () => {
    withImage().write("images/app/main", "two\n").write("images/app/new", "x");
    assert.deepEqual(await cli(["tag", "images/app"]), {
      status: 1,
      out: "",
      err:
        "versioned-image: images/app has uncommitted changes:\n" +
        "   M images/app/main\n" +
        "  ?? images/app/new\n" +
        "Commit them to publish a version, or set debug (--debug) to publish the files on disk under a -debug tag. " +
        "[UncommittedChanges]\n",
    });
  });

  it("gives an error as JSON on standard output", async () => {
    withImage().write("images/new/Dockerfile", "FROM scratch\n");
    const { status, json } = await cliJson(["tag", "images/new", "--debug"]);
    assert.equal(status, 1);
    assert.deepEqual(Object.keys(json), ["error"]);
    assert.equal(json.error.code, "NeverCommitted");
    assert.match(json.error.message, /^images\/new is not in git's history/);
  });

  describe("of several contexts", () => {
    /** Two images of different commits, a third with uncommitted changes, and a directory that is none of git's. */
    function withSeveral() {
      const repository = withImage();
      const first = repository.head();
      const second = repository.write("images/b/Dockerfile", "FROM scratch\n").add().commit("Add b").head();
      repository.write("images/dirty/Dockerfile", "FROM scratch\n").add().commit("Add another");
      repository.write("images/dirty/new", "x").write("images/none/Dockerfile", "FROM scratch\n");
      return { repository, first, second };
    }

    it("prints each with its tag, in the order in which they are named, with a tab between", async () => {
      const { first, second } = withSeveral();
      assert.deepEqual(await cli(["tag", "images/b", "./images/app/", "images/b"]), {
        status: 0,
        out: `images/b\t${second.slice(0, 7)}\n./images/app/\t${first.slice(0, 7)}\nimages/b\t${second.slice(0, 7)}\n`,
        err: "",
      });
    });

    it("does not let one that fails hide the others, and names it", async () => {
      const { first, second } = withSeveral();
      const { status, out, err } = await cli(["tag", "images/app", "images/dirty", "images/none", "gone", "images/b"]);
      assert.equal(status, 1);
      assert.equal(out, `images/app\t${first.slice(0, 7)}\nimages/b\t${second.slice(0, 7)}\n`);
      assert.deepEqual(
        [...err.matchAll(/^versioned-image: ([^:]+): |\[(\w+)\]$/gm)].map(([, context, code]) => context ?? code),
        ["images/dirty", "UncommittedChanges", "images/none", "NeverCommitted", "gone", "ContextNotFound"],
      );
      assert.ok(err.includes("\n  ?? images/dirty/new\n"), err);
    });

    it("prints them as JSON, errors included", async () => {
      const { repository, first } = withSeveral();
      const { status, json } = await cliJson(["tag", "images/app", "images/dirty"]);
      assert.equal(status, 1);
      assert.deepEqual(json.images[0], {
        context: "images/app",
        tag: first.slice(0, 7),
        debug: false,
        commit: first,
        tree: repository.git("rev-parse", "HEAD:images/app"),
        uncommitted: [],
      });
      assert.deepEqual(Object.keys(json.images[1]), ["context", "error"]);
      assert.deepEqual([json.images[1].context, json.images[1].error.code], ["images/dirty", "UncommittedChanges"]);
    });

    it("names a single one, too, where that is asked for", async () => {
      const { first } = withSeveral();
      const asked = ["tag", "images/app", "--with-context"];
      assert.deepEqual(await cli(asked), { status: 0, out: `images/app\t${first.slice(0, 7)}\n`, err: "" });
      assert.deepEqual((await cliJson(asked)).json.images[0].context, "images/app");
      const refused = await cli(["tag", "images/dirty", "--with-context"]);
      assert.deepEqual([refused.status, refused.out], [1, ""]);
      assert.match(refused.err, /^versioned-image: images\/dirty: images\/dirty has uncommitted changes:/);
    });

    it("takes contexts of several repositories, and a tab in a name does not end it", async () => {
      const { repository, first } = withSeveral();
      const other = keep(repo()).write("a\tb/Dockerfile", "FROM scratch\n").add().commit("Other");
      assert.equal(
        (await cli(["tag", repository.path("images/app"), other.path("a\tb")])).out,
        `${repository.path("images/app")}\t${first.slice(0, 7)}\n` +
          `${other.directory}/a\\u{9}b\t${other.head().slice(0, 7)}\n`,
      );
    });

    it("asks git once for all of them", async () => {
      const { repository } = withSeveral();
      const log = repository.path(".git", "calls");
      const git = repository.write(
        ".git/bin/git",
        `#!/bin/sh\necho "$*" >>"${log}"\nPATH=$REAL exec git "$@"\n`,
        0o755,
      );
      process.env.REAL = process.env.PATH;
      process.env.PATH = `${git.path(".git/bin")}:${process.env.PATH}`;
      await cli(["tag", "images/app", "images/b", "images/dirty", "images/app"]);
      const asked = readFileSync(log, "utf8").split("\n");
      for (const command of ["status", "ls-files", "ls-tree"]) {
        assert.equal(asked.filter((call) => call.includes(` ${command} `)).length, 1, asked.join("\n"));
      }
    });
  });

  it("shows a terminal no control characters of file names", async () => {
    withImage().write("images/app/\u001b[31mred", "x");
    const { err } = await cli(["tag", "images/app"]);
    assert.ok(err.includes("  ?? images/app/\\u{1b}[31mred\n"), err);
  });

  it("reports what nobody foresaw as a fault of its own", async () => {
    withImage();
    let err = "";
    const status = await run(["tag", "images/app"], {
      out: () => {
        throw new TypeError("no such thing");
      },
      err: (text) => {
        err += text;
      },
      input: async () => "",
      color: false,
      terminal: false,
      env: {},
      now: () => new Date(),
    });
    assert.equal(status, 1);
    assert.match(
      err,
      /^versioned-image: no such thing \[Unexpected\]\nThis is a bug in versioned-image\. .*\nTypeError: /,
    );
  });

  it("covers a named context, and refuses one that would not be the same each time", async () => {
    const made = withImage();
    made.write("lib/code", "1\n").add().commit("Lib");
    const named = (place: string) => ["tag", "images/app", "--build-context", `lib=${place}`];
    assert.equal((await cli(named("lib"))).out, `${made.head().slice(0, 7)}\n`);
    const { json } = await cliJson(named("docker-image://h.example/base:1"));
    assert.equal(json.error.code, "InvalidArgument");
    assert.match(
      json.error.message,
      /^build\.contexts\.lib is "docker-image:.*: use a directory in the repository, or an image with its/,
    );
  });
});
