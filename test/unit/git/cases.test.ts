import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { exportCommit } from "../../../components/git";
import { TagPolicy } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import { Repo, repo } from "../../support/repo";
import { SOURCE, useImages } from "./images";

/** How git misleads, and what we answer: a test a case, on real repositories. */
describe("cases of git", () => {
  const { keep, directory, withImage, facts, version, tag, refusal, exportedTo, exported } = useImages();

  it("names the last commit that touched the directory, and no later one", async () => {
    const repository = withImage();
    const commit = repository.head();
    repository.write("elsewhere", "x").add().commit();
    assert.equal(commit, "1e3116ca874246d0701c35652f1f8aee290cf737");
    assert.equal(await tag(repository), "1e3116c");
    assert.equal(await tag(repository, "app", { tagLength: 40 }), commit);
    repository.write("app/main", "two\n").add().commit();
    assert.equal(await tag(repository), repository.head().slice(0, 7));
  });

  it("shallow clone: refuses the boundary commit, and names the ways out", async () => {
    const repository = withImage().write("elsewhere", "x").add().commit();
    const shallow = keep(repository.clone("--depth=1"));
    const message = await refusal("ShallowHistory", shallow);
    assert.match(message, /git fetch --unshallow/);
    assert.match(message, /fetch-depth: 0/);
    assert.match(message, /tagPolicy to Tree/);
    assert.equal(
      await tag(shallow, "app", { tagPolicy: TagPolicy.Tree }),
      await tag(repository, "app", { tagPolicy: TagPolicy.Tree }),
    );
  });

  it("shallow clone: right where the answer lies this side of the boundary", async () => {
    const repository = withImage().write("app/main", "two\n").add().commit().write("elsewhere", "x").add().commit();
    const shallow = keep(repository.clone("--depth=3"));
    assert.equal(await tag(shallow), await tag(repository));
  });

  for (const filter of ["blob:none", "tree:0"]) {
    it(`partial clone (${filter}): right`, async () => {
      const repository = withImage().write("elsewhere", "x").add().commit();
      repository.git("config", "uploadpack.allowFilter", "true");
      const partial = keep(repository.clone(`--filter=${filter}`));
      assert.equal(await tag(partial), await tag(repository));
      assert.deepEqual(await exported(partial), SOURCE);
    });
  }

  it("partial clone that can't fetch: git's own words", async () => {
    const repository = withImage().write("app/main", "two\n").add().commit();
    repository.git("config", "uploadpack.allowFilter", "true");
    const partial = keep(repository.clone("--filter=tree:0"));
    repository.dispose();
    const message = await refusal("GitFailed", partial);
    assert.match(message, /does not appear to be a git repository/);
  });

  it("sparse checkout: staged from the commit", async () => {
    const repository = withImage().write("other/file", "x").add().commit();
    repository.git("sparse-checkout", "set", "other");
    assert.equal(existsSync(repository.path("app")), false);
    mkdirSync(repository.path("app"));
    assert.deepEqual(await exported(repository), SOURCE);
  });

  for (const flag of ["--assume-unchanged", "--skip-worktree"]) {
    it(`edits hidden by ${flag}: refused, and named`, async () => {
      const repository = withImage();
      repository.git("update-index", flag, "app/main");
      assert.equal(await tag(repository), repository.head().slice(0, 7));
      repository.write("app/main", "hidden\n");
      assert.match(await refusal("HiddenChanges", repository), /\n {2}app\/main\n/);
    });
  }

  it("edits that may be hidden, and a filter that fails elsewhere: of no concern", async () => {
    const repository = withImage().write("other/file", "x").write("other/.gitattributes", "file filter=bad\n");
    // Else git would look at what was added just before whenever it writes an index.
    utimesSync(repository.path("other/file"), 1, 1);
    repository.add().commit("Other").git("update-index", "--skip-worktree", "app/main");
    repository.git("config", "filter.bad.clean", "false");
    repository.git("config", "filter.bad.required", "true");
    repository.write("other/file", "y");
    assert.equal((await facts(repository)).hidden.length, 0);
  });

  it("edits hidden by a flag, of one length and in one second with the index: refused", async () => {
    const repository = withImage();
    repository.git("config", "core.trustctime", "false");
    utimesSync(repository.path("app/main"), 1e9, 1e9);
    repository.add().git("update-index", "--assume-unchanged", "app/main");
    repository.write("app/main", "two\n");
    for (const file of ["app/main", ".git/index"]) {
      utimesSync(repository.path(file), 1e9, 1e9);
    }
    assert.match(await refusal("HiddenChanges", repository), /\n {2}app\/main\n/);
  });

  it("edits that may be hidden, and no folder for the copy of the index: an error that says so", async () => {
    const repository = withImage();
    repository.git("update-index", "--skip-worktree", "app/main");
    const { TMPDIR } = process.env;
    process.env.TMPDIR = "/dev/null";
    try {
      assert.match(await refusal("GitFailed", repository), /copy of its index, .*ENOTDIR.* Set TMPDIR to a folder/);
    } finally {
      delete process.env.TMPDIR;
      Object.assign(process.env, TMPDIR === undefined ? {} : { TMPDIR });
    }
  });

  it("git-ignored files: can't enter a production image, and are known for debug", async () => {
    const repository = withImage().write(".gitignore", "*.key\n").add().commit().write("app/secret.key", "secret");
    assert.deepEqual(await exported(repository), SOURCE);
    assert.deepEqual((await facts(repository)).ignored, ["app/secret.key"]);
  });

  it("status.showUntrackedFiles=no: an untracked file is refused", async () => {
    const repository = withImage().write("app/new", "x");
    repository.git("config", "status.showUntrackedFiles", "no");
    assert.match(await refusal("UncommittedChanges", repository), /\n {2}\?\? app\/new\n.*debug \(--debug\)/s);
  });

  function withSubmodule(): Repo {
    const library = keep(repo()).write("lib", "lib\n").add().commit();
    const repository = withImage();
    repository.git("submodule", "--quiet", "add", `file://${library.directory}`, "app/vendor");
    return repository.add().commit("Add a submodule");
  }

  it("dirty submodule inside, with ignore=all: refused", async () => {
    const repository = withSubmodule();
    repository.git("config", "-f", ".gitmodules", "submodule.app/vendor.ignore", "all");
    repository.add(".gitmodules").commit().write("app/vendor/lib", "dirty\n");
    assert.match(await refusal("UncommittedChanges", repository), /\n {2} M app\/vendor\n/);
  });

  it("submodule that is not initialised: refused", async () => {
    const clone = keep(withSubmodule().clone());
    assert.match(await refusal("SubmoduleNotInitialized", clone), /app\/vendor\n.*git submodule update --init/s);
  });

  it("clean, initialised submodule inside: staged from its own commit", async () => {
    const repository = withSubmodule();
    assert.deepEqual(await exported(repository), { ...SOURCE, "vendor/lib": "lib\n" });
  });

  it("core.fileMode=false with a chmod: modes come from the commit", async () => {
    const repository = withImage();
    repository.git("config", "core.fileMode", "false");
    chmodSync(repository.path("app/main"), 0o755);
    const into = await exportedTo(repository);
    assert.equal(execFileSync("stat", ["-c", "%A", path.join(into, "main")], { encoding: "utf8" }), "-rw-r--r--\n");
  });

  it("LFS pointer without the filter: refused", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 3\n`;
    const repository = withImage()
      .write("app/.gitattributes", "*.bin filter=lfs\n")
      .write("app/a.bin", pointer)
      .add()
      .commit();
    assert.match(await errorOf("LfsNotInstalled", () => exported(repository)), /^app\/a\.bin .*`git lfs install`/);
  });

  it("a filter that works: its output is staged, attributes of a parent directory included", async () => {
    const repository = withImage()
      .write(".gitattributes", "app/*.up filter=up\n")
      .write("app/a.up", "abc\n")
      .add()
      .commit();
    repository.git("config", "filter.up.smudge", "tr a-z A-Z");
    repository.git("config", "filter.up.clean", "cat");
    repository.git("config", "filter.up.required", "true");
    assert.equal((await exported(repository))["a.up"], "ABC\n");
  });

  it("eol attributes hold, and core.autocrlf of this machine does not", async () => {
    const repository = withImage()
      .write(".gitattributes", "*.bat text eol=crlf\n")
      .write("app/run.bat", "a\nb\n")
      .write("app/run.sh", "a\nb\n")
      .add()
      .commit();
    repository.git("config", "core.autocrlf", "true");
    const files = await exported(repository);
    assert.equal(files["run.bat"], "a\r\nb\r\n");
    assert.equal(files["run.sh"], "a\nb\n");
  });

  it("two commits of one second, and a clock that goes back: right", async () => {
    const repository = withImage().at(1_000_000_000).write("app/main", "two\n").add().commit();
    repository.at(1_000_000_000).write("app/main", "three\n").add().commit();
    const last = repository.head();
    repository.at(900_000_000).write("elsewhere", "x").add().commit();
    assert.equal(await tag(repository), last.slice(0, 7));
  });

  function branched(): Repo {
    const repository = withImage();
    repository.git("switch", "--quiet", "-c", "side");
    repository.write("app/side", "side\n").add().commit("Side");
    repository.git("switch", "--quiet", "main");
    return repository.write("app/mine", "mine\n").add().commit("Mine");
  }

  it("both sides of a merge touch it: the merge", async () => {
    const repository = branched();
    repository.git("merge", "--quiet", "-m", "Merge", "side");
    assert.equal(await tag(repository), repository.head().slice(0, 7));
  });

  it("merge with -s ours: our side's commit", async () => {
    const repository = branched();
    const ours = repository.head();
    repository.git("merge", "--quiet", "-s", "ours", "-m", "Merge", "side");
    assert.equal(await tag(repository), ours.slice(0, 7));
  });

  it("octopus merge of sides that all touch it: the merge", async () => {
    const repository = branched();
    repository.git("switch", "--quiet", "-c", "third", "side~1");
    repository.write("app/third", "third\n").add().commit("Third");
    repository.git("switch", "--quiet", "main");
    repository.git("merge", "--quiet", "-m", "Merge", "side", "third");
    assert.equal(repository.git("rev-list", "--parents", "-n", "1", "HEAD").split(" ").length, 4);
    assert.equal(await tag(repository), repository.head().slice(0, 7));
  });

  it("criss-cross merges: as git log names it", async () => {
    const repository = branched();
    const [mine, side] = [repository.head(), repository.git("rev-parse", "side")];
    repository.git("merge", "--quiet", "-m", "Merge side", side);
    repository.git("switch", "--quiet", "side");
    repository.git("merge", "--quiet", "-m", "Merge main", mine);
    const second = repository.head();
    repository.git("merge", "--quiet", "-m", "Merge again", "main");
    // Both merges have this content, and so has the last one: git follows its first parent.
    assert.equal(await tag(repository), second.slice(0, 7));
    assert.equal(repository.git("log", "-n", "1", "--format=%H", "--", "app"), second);
  });

  it("fixed length from the full hash, whatever core.abbrev says", async () => {
    const repository = withImage();
    repository.git("config", "core.abbrev", "12");
    assert.equal(await tag(repository), repository.head().slice(0, 7));
  });

  it("never committed", async () => {
    const repository = withImage().write("new/Dockerfile", "FROM scratch\n");
    assert.match(await refusal("NeverCommitted", repository, "new"), /^new is not in git's history/);
    await errorOf("NeverCommitted", () => version(repository, "new", { debug: true }));
  });

  it("committed once, deleted in HEAD, and back on disk: never committed", async () => {
    const repository = withImage().remove("app").add().commit().write("app/Dockerfile", "FROM scratch\n");
    await refusal("NeverCommitted", repository);
  });

  it("empty directory", async () => {
    const repository = withImage();
    mkdirSync(repository.path("empty"));
    await refusal("NeverCommitted", repository, "empty");
  });

  it("missing directory, and a file in its place", async () => {
    const repository = withImage();
    assert.match(await refusal("ContextNotFound", repository, "missing"), /^Directory .*missing does not exist/);
    assert.match(await refusal("ContextNotFound", repository, "app/main"), /main is not a directory/);
  });

  it("no commit yet", async () => {
    const repository = keep(repo()).write("app/Dockerfile", "FROM scratch\n");
    assert.match(await refusal("NoCommitYet", repository), /has no commit on its branch yet/);
  });

  it("not a repository", async () => {
    const none = new Repo(directory()).write("app/Dockerfile", "FROM scratch\n");
    assert.match(await refusal("NotARepository", none), /is not in a git repository/);
  });

  it("bare repository, and git's own folder", async () => {
    const bare = keep(withImage().clone("--bare"));
    await refusal("BareRepository", bare, ".");
    await refusal("BareRepository", withImage(), ".git");
  });

  it("paths that leave the context", async () => {
    const repository = withImage().write("other/file", "x").add().commit();
    for (const entry of ["../other", "/etc", "..", "a/../../other", ""]) {
      const message = await errorOf("InvalidArgument", () => facts(repository, "app", { paths: [entry] }));
      assert.ok(message.startsWith(`paths names ${JSON.stringify(entry)}, which is not in the context`), message);
    }
    await errorOf("InvalidArgument", () => facts(repository, "app", { paths: [] }));
  });

  it("a path behind a symbolic link", async () => {
    const outside = directory();
    writeFileSync(path.join(outside, "file"), "x");
    const repository = withImage().link("app/link", outside).add().commit();
    const source = { paths: ["Dockerfile", "link/file"] };
    const message = await errorOf("OutsideRepository", () => facts(repository, "app", source));
    assert.match(message, /^link\/file in .* is behind a symbolic link to .*, outside the repository, /);
  });

  it("a context that is a symbolic link: that of the real directory", async () => {
    const repository = withImage().link("alias", "app").add().commit();
    assert.equal((await facts(repository, "alias")).context, "app");
    assert.equal(await tag(repository, "alias"), await tag(repository));
  });

  it("unmerged paths", async () => {
    const repository = branched().write("app/main", "ours\n").add().commit();
    repository.git("switch", "--quiet", "side");
    repository.write("app/main", "theirs\n").add().commit();
    assert.throws(() => repository.git("merge", "--quiet", "main"));
    assert.match(await refusal("UncommittedChanges", repository), /UU app\/main/);
  });

  it("mid-rebase: refused while paths conflict, right where it stopped without", async () => {
    const repository = branched().write("app/main", "ours\n").add().commit();
    const onto = repository.head();
    repository.git("switch", "--quiet", "side");
    repository.write("app/main", "theirs\n").add().commit();
    assert.throws(() => repository.git("rebase", "--quiet", "main"));
    assert.match(await refusal("UncommittedChanges", repository), /UU app\/main/);
    repository.git("reset", "--quiet", "--hard", onto);
    assert.equal(await tag(repository), onto.slice(0, 7));
  });

  it("staged, then undone on disk: refused", async () => {
    const repository = withImage().write("app/main", "two\n").add().write("app/main", "one\n");
    assert.match(await refusal("UncommittedChanges", repository), /MM app\/main/);
  });

  it("a rename is two changes, of which those inside count", async () => {
    const repository = withImage();
    repository.git("mv", "app/main", "elsewhere");
    assert.deepEqual((await facts(repository)).uncommitted, [{ status: "D ", path: "app/main" }]);
  });

  for (const name of [
    "app*",
    ":(glob)x",
    "[a]",
    "with space",
    "ümlaut",
    "new\nline",
    "-dash",
    "--all",
    ":!x",
    "a'b\"c$d",
  ]) {
    it(`a directory named ${JSON.stringify(name)}: literal`, async () => {
      const repository = withImage(`${name}`)
        .write("apple/Dockerfile", "FROM scratch\n")
        .write("a/x", "x")
        .write("x/y", "x");
      repository.add().commit().write("apple/more", "x").add().commit();
      const first = repository.git("rev-list", "--max-parents=0", "HEAD");
      assert.equal(await tag(repository, name), first.slice(0, 7));
      repository.write(path.join(name, "new"), "x");
      assert.deepEqual((await facts(repository, name)).uncommitted, [{ status: "??", path: `${name}/new` }]);
      repository.remove(path.join(name, "new"));
      assert.deepEqual(await exported(repository, name), SOURCE);
    });
  }

  it("simple beside simple-app: independent", async () => {
    const repository = withImage("simple").write("simple-app/Dockerfile", "FROM scratch\n").add().commit();
    const second = repository.head();
    repository.write("simple-app/dirty", "x");
    assert.equal(await tag(repository, "simple"), "fe62427");
    await refusal("UncommittedChanges", repository, "simple-app");
    assert.notEqual(second.slice(0, 7), "fe62427");
  });

  it("the repository's root as context, and a nested one", async () => {
    const repository = withImage(".").write("sub/Dockerfile", "FROM scratch\n").add().commit();
    const second = repository.head();
    repository.write("more", "x").add().commit();
    assert.equal(await tag(repository, "."), repository.head().slice(0, 7));
    assert.equal((await version(repository, ".")).tree, repository.git("rev-parse", "HEAD^{tree}"));
    assert.equal(await tag(repository, "sub"), second.slice(0, 7));
    assert.deepEqual(await exported(repository, "."), { ...SOURCE, more: "x", "sub/Dockerfile": "FROM scratch\n" });
  });

  it("GIT_DIR, GIT_INDEX_FILE and GIT_WORK_TREE set, as in a hook: scrubbed", async () => {
    const repository = withImage();
    const other = withImage("other");
    Object.assign(process.env, {
      GIT_DIR: other.path(".git"),
      GIT_INDEX_FILE: other.path(".git/index"),
      GIT_WORK_TREE: other.directory,
      GIT_PREFIX: "other/",
    });
    assert.equal(await tag(repository), repository.head().slice(0, 7));
    assert.deepEqual(await exported(repository), SOURCE);
  });

  it("GIT_CONFIG_* is kept: settings come through it", async () => {
    const repository = withImage();
    Object.assign(process.env, {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "remote.origin.url",
      GIT_CONFIG_VALUE_0: "https://h/r",
    });
    assert.equal((await facts(repository)).remote, "https://h/r");
  });

  it("replace refs and grafts: ignored", async () => {
    const repository = withImage().write("app/main", "two\n").add().commit();
    const second = repository.head();
    repository.write("elsewhere", "x").add().commit();
    repository.git("replace", "--graft", repository.head());
    mkdirSync(repository.path(".git/info"), { recursive: true });
    writeFileSync(repository.path(".git/info/grafts"), `${repository.head()}\n`);
    assert.equal(await tag(repository), second.slice(0, 7));
  });

  it("another user's clone: says what to add to safe.directory", async function () {
    if (process.getuid?.() !== 0) {
      console.log("      left out: giving a repository to another user needs root");
      this.skip();
    }
    const repository = withImage();
    execFileSync("chown", ["-R", "12345:12345", repository.directory]);
    const message = await refusal("DubiousOwnership", repository);
    assert.ok(message.endsWith(` run: git config --global --add safe.directory ${repository.directory}`), message);
    Object.assign(process.env, {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: repository.directory,
    });
    assert.deepEqual(await exported(repository), SOURCE);
  });

  it("index.lock held: works", async () => {
    const repository = withImage();
    writeFileSync(repository.path(".git/index.lock"), "");
    assert.equal(await tag(repository), repository.head().slice(0, 7));
    assert.deepEqual(await exported(repository), SOURCE);
  });

  it("a file changed after the check: can't be in the image", async () => {
    const repository = withImage();
    const known = await version(repository);
    repository.write("app/main", "late\n");
    const into = directory();
    await exportCommit(known, into);
    assert.equal(readFileSync(path.join(into, "main"), "utf8"), "one\n");
  });

  it("no Dockerfile: on disk for debug, in the commit for production", async () => {
    const repository = withImage().write("plain/file", "x").add().commit();
    assert.match(
      await refusal("DockerfileNotFound", repository, "plain"),
      /^There is no plain\/Dockerfile in the last commit/,
    );
    await errorOf("DockerfileNotFound", () => version(repository, "plain", { debug: true }));
    repository.write("plain/Dockerfile", "FROM scratch\n");
    assert.match(await tag(repository, "plain", { debug: true }), /^[0-9a-f]{7}-debug$/);
  });

  it("several paths: one version, whose tree a person can recompute", async () => {
    const repository = withImage().write("app/src/code", "x").write("app/docs/text", "x").add().commit();
    const second = repository.head();
    repository.write("app/docs/text", "y").add().commit();
    const found = await facts(repository, "app", { paths: ["src/", "./Dockerfile", "src/code"] });
    assert.deepEqual(found.paths, ["app/Dockerfile", "app/src"]);
    assert.equal(found.commit?.hash, second);
    const recomputed = execFileSync(
      "sh",
      ["-c", "git ls-tree -z --full-tree HEAD -- app/Dockerfile app/src | git hash-object --stdin"],
      { cwd: repository.directory, encoding: "utf8" },
    );
    assert.equal(found.tree, recomputed.trim());
  });
});
