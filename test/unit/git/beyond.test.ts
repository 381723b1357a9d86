import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { exportCommit } from "../../../components/git";
import { TagPolicy } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import { GIT_ENV, Repo, repo } from "../../support/repo";
import { SOURCE, useImages } from "./images";

/** Further repositories that people have, beside the known ways in which git misleads. */
describe("repositories as they are", () => {
  const { keep, directory, withImage, facts, version, tag, refusal, exportedTo, exported } = useImages();

  it("a work tree of git worktree", async () => {
    const repository = withImage();
    const place = path.join(directory(), "tree");
    repository.git("worktree", "add", "--quiet", place, "-b", "other");
    const tree = new Repo(place).write("app/main", "two\n").add().commit();
    assert.equal(await tag(tree), tree.head().slice(0, 7));
    assert.deepEqual(await exported(tree), { ...SOURCE, main: "two\n" });
  });

  it("a repository with SHA-256 names", async () => {
    const repository = keep(repo("--object-format=sha256")).write("app/Dockerfile", "FROM scratch\n").add().commit();
    const found = await version(repository, "app", { tagLength: 40 });
    assert.equal(found.commit.length, 64);
    assert.equal(found.tag, repository.head().slice(0, 40));
    assert.equal((await facts(repository, "app", { paths: ["Dockerfile"] })).tree?.length, 64);
  });

  it("a repository inside that is no submodule is refused as untracked", async () => {
    const repository = withImage();
    execFileSync("git", ["init", "--quiet", repository.path("app/nested")], { env: GIT_ENV });
    new Repo(repository.path("app/nested")).write("file", "x").add().commit();
    assert.match(await refusal("UncommittedChanges", repository), /\?\? app\/nested\n/);
  });

  it("a detached HEAD", async () => {
    const repository = withImage().write("app/main", "two\n").add().commit();
    repository.git("switch", "--quiet", "--detach", "HEAD~1");
    assert.equal(await tag(repository), repository.head().slice(0, 7));
  });

  it("nothing in the repository changes", async () => {
    const repository = withImage();
    const state = () =>
      execFileSync("sh", ["-c", "find . -type f -printf '%P %T@ %s\\n' | sort"], {
        cwd: repository.directory,
        encoding: "utf8",
      });
    execFileSync("touch", ["-d", "2030-01-01", repository.path("app/main")]);
    const before = state();
    await exported(repository);
    assert.equal(state(), before);
  });

  it("a work tree of a bare repository, and git's folder in another place", async () => {
    const bare = keep(withImage().clone("--bare"));
    const place = path.join(directory(), "tree");
    bare.git("worktree", "add", "--quiet", place, "main");
    assert.deepEqual(await exported(new Repo(place)), SOURCE);
    const apart = withImage("app", keep(repo(`--separate-git-dir=${path.join(directory(), "git")}`)));
    assert.deepEqual(await exported(apart), SOURCE);
  });

  it("a repository in a directory whose name has a line break", async () => {
    const place = path.join(directory(), "new\nline");
    execFileSync("git", ["init", "--quiet", place], { env: GIT_ENV });
    assert.deepEqual(await exported(withImage("app", new Repo(place))), SOURCE);
  });

  it("a .git that leads nowhere: git's own words, no advice to run git init", async () => {
    const repository = withImage().write("copy/.git", "gitdir: /nonexistent/git\n");
    assert.match(
      await refusal("GitFailed", repository, "copy"),
      /^git rev-parse failed in .*copy \(exit status 128\):\nfatal: not a git repository: \/nonexistent\/git$/,
    );
  });

  it("a branch without a commit in a repository that has some", async () => {
    const repository = withImage();
    repository.git("switch", "--quiet", "--orphan", "fresh");
    repository.write("app/Dockerfile", "FROM scratch\n");
    assert.match(await refusal("NoCommitYet", repository), /has no commit on its branch yet/);
  });

  it("another user's clone whose name a shell would take apart: quoted", async function () {
    if (process.getuid?.() !== 0) {
      console.log("      left out: giving a repository to another user needs root");
      this.skip();
    }
    const place = path.join(directory(), "it's a clone");
    execFileSync("git", ["init", "--quiet", place], { env: GIT_ENV });
    const repository = withImage("app", new Repo(place));
    execFileSync("chown", ["-R", "12345:12345", place]);
    const message = await refusal("DubiousOwnership", repository);
    const words = message.slice(message.indexOf("git config") + "git config ".length);
    assert.equal(
      execFileSync("sh", ["-c", `printf '%s\\n' ${words}`], { encoding: "utf8" }),
      `--global\n--add\nsafe.directory\n${place}\n`,
    );
  });

  it("no git on PATH, and one that is too old", async () => {
    const repository = withImage();
    const git = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
    const bin = directory();
    process.env.PATH = bin;
    assert.match(await refusal("GitNotFound", repository), /^git was not found/);
    // One that does not know the option prints it.
    const script = `#!/bin/sh\ncase "$*" in *--path-format*) echo --path-format=absolute;; esac\nexec ${git} "$@"\n`;
    writeFileSync(path.join(bin, "git"), script, { mode: 0o755 });
    assert.equal(await refusal("GitFailed", repository), "git is too old. Install git 2.31 or later.");
  });

  it("a context that a sparse checkout left out: right in production, and no debug build", async () => {
    const repository = withImage("images/app").write("other/file", "x").add().commit();
    repository.git("sparse-checkout", "set", "--cone", "--sparse-index", "other");
    assert.equal(existsSync(repository.path("images")), false);
    assert.equal(await tag(repository, "images/app"), repository.git("rev-parse", "HEAD~1").slice(0, 7));
    assert.deepEqual(await exported(repository, "images/app"), SOURCE);
    await errorOf("DockerfileNotFound", () => version(repository, "images/app", { debug: true }));
    await refusal("ContextNotFound", repository, "images/none");
    await refusal("ContextNotFound", repository, "images/app/main");
  });

  it("committed files that a sparse checkout left out of a context: named", async () => {
    const repository = withImage("app").write("app/large/data", "x").write("app/large/more", "x").write("b/c", "x");
    repository.add().commit();
    repository.git("sparse-checkout", "set", "--no-cone", "/*", "!/app/large", "!/b");
    const found = await facts(repository, "app");
    assert.deepEqual([found.leftOut, found.hidden], [["app/large/data", "app/large/more"], []]);
    repository.write("app/large/data", "other");
    assert.deepEqual((await facts(repository, "app")).leftOut, ["app/large/more"]);
  });

  it("a context that was removed from the disk alone: uncommitted", async () => {
    const repository = withImage().remove("app");
    assert.deepEqual((await facts(repository)).uncommitted, [
      { status: " D", path: "app/Dockerfile" },
      { status: " D", path: "app/main" },
    ]);
  });

  it("symbolic links and executable files: as they were committed", async () => {
    const repository = withImage()
      .write("app/run", "#!/bin/sh\n", 0o755)
      .link("app/alias", "main")
      .link("app/out", "/etc/hostname")
      .link("app/up", "../..")
      .add()
      .commit();
    const into = await exportedTo(repository);
    const list = ["-mindepth", "1", "-printf", "%y %m %P>%l\n"];
    assert.deepEqual(
      execFileSync("find", [into, ...list], { encoding: "utf8" })
        .trimEnd()
        .split("\n")
        .sort(),
      [
        "f 644 Dockerfile>",
        "f 644 main>",
        "f 755 run>",
        "l 777 alias>main",
        "l 777 out>/etc/hostname",
        "l 777 up>../..",
      ],
    );
  });

  it("a file that became a directory, or a link; one that git add -N announced", async () => {
    const repository = withImage().write("app/other", "x").add().commit();
    repository.remove("app/main").write("app/main/file", "x").remove("app/other").link("app/other", "Dockerfile");
    repository.write("app/new", "x").git("add", "-N", "app/new");
    assert.deepEqual((await facts(repository)).uncommitted, [
      { status: " D", path: "app/main" },
      { status: " A", path: "app/new" },
      { status: " T", path: "app/other" },
      { status: "??", path: "app/main/file" },
    ]);
    repository.git("reset", "--quiet");
    repository.add().commit();
    assert.deepEqual(await exported(repository), {
      Dockerfile: SOURCE.Dockerfile,
      "main/file": "x",
      new: "x",
    });
  });

  it("edits hidden by index flags: links, pipes, and files that are gone", async () => {
    const repository = withImage().link("app/link", "main").link("app/same", "main").write("app/gone", "x");
    repository.add().commit();
    const flagged = ["app/gone", "app/link", "app/main", "app/same"];
    repository.git("update-index", "--assume-unchanged", ...flagged);
    assert.deepEqual((await facts(repository)).hidden, []);
    repository.remove("app/gone").remove("app/link").link("app/link", "Dockerfile").remove("app/main");
    execFileSync("mkfifo", [repository.path("app/main")]);
    assert.deepEqual((await facts(repository)).hidden, ["app/gone", "app/link", "app/main"]);
  });

  it("edits hidden by index flags in a split index: found, and nothing is written beside it", async () => {
    const repository = withImage();
    repository.git("update-index", "--split-index");
    repository.git("update-index", "--assume-unchanged", "app/main");
    const kept = () => readdirSync(repository.path(".git")).filter((name) => name.startsWith("sharedindex."));
    const before = kept();
    assert.equal(before.length, 1);
    repository.write("app/main", "hidden\n");
    assert.deepEqual((await facts(repository)).hidden, ["app/main"]);
    assert.deepEqual(kept(), before);
  });

  it("edits hidden among hundreds of flagged files: found with few calls of git", async () => {
    const repository = withImage();
    const names = Array.from({ length: 450 }, (_, number) => `app/file-${String(number).padStart(3, "0")}`);
    for (const name of names) {
      repository.write(name, name);
    }
    repository
      .add()
      .commit()
      .git("update-index", "--skip-worktree", ...names);
    repository.write("app/file-007", "hidden").write("app/file-449", "hidden");
    const git = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
    const bin = directory();
    const script = `#!/bin/sh\ncase "$*" in *update-index*) echo >> ${bin}/calls;; esac\nexec ${git} "$@"\n`;
    writeFileSync(path.join(bin, "git"), script, { mode: 0o755 });
    process.env.PATH = `${bin}:${process.env.PATH}`;
    assert.deepEqual((await facts(repository)).hidden, ["app/file-007", "app/file-449"]);
    assert.equal(readFileSync(path.join(bin, "calls"), "utf8"), "\n\n");
  });

  it("thousands of files: all of them, and nothing else", async () => {
    const repository = withImage();
    const files = Object.fromEntries(Array.from({ length: 2_500 }, (_, number) => [`d${number % 9}/${number}`, "x"]));
    for (const name of Object.keys(files)) {
      repository.write(`app/${name}`, "x");
    }
    assert.deepEqual(await exported(repository.add().commit()), { ...SOURCE, ...files });
  });

  it("a file name that is not UTF-8: refused, with nothing left behind", async () => {
    const repository = withImage();
    writeFileSync(Buffer.concat([Buffer.from(repository.path("app/")), Buffer.from([0xe9])]), "x");
    repository.add().commit();
    const into = directory();
    const known = await version(repository);
    const message = await errorOf("GitFailed", () => exportCommit(known, into));
    assert.match(message, /^The name of "app\/\uFFFD" is not UTF-8/);
    assert.equal(existsSync(`${into}.checkout`), false);
    assert.deepEqual(readdirSync(into), []);
  });

  it("a blob that is lost: git's own words", async () => {
    const repository = withImage();
    const known = await version(repository);
    const blob = repository.git("rev-parse", "HEAD:app/main");
    rmSync(repository.path(".git/objects", blob.slice(0, 2), blob.slice(2)));
    const message = await errorOf("GitFailed", () => exportCommit(known, directory()));
    assert.ok(message.endsWith(`\nerror: unable to read sha1 file of app/main (${blob})`), message);
  });

  it("a file that can't be written, as on a full disk: StagingFailed, with git's own words", async () => {
    const repository = withImage();
    const name = `app/${"n".repeat(300)}`;
    const blob = repository.git("rev-parse", "HEAD:app/main");
    repository.git("update-index", "--add", "--cacheinfo", `100644,${blob},${name}`);
    repository.commit();
    const known = { ...(await version(withImage())), root: repository.directory, commit: repository.head() };
    const message = await errorOf("StagingFailed", () => exportCommit(known, directory()));
    assert.ok(message.includes(`\nerror: unable to create file ${name}: File name too long\n`), message);
    assert.match(message, /Check that the disk has space and that \.versioned-image is writable, then run again\.$/);
  });

  it("a Dockerfile that is a link: right within the version, refused where that does not cover its target", async () => {
    const repository = withImage()
      .write("app/docker/Dockerfile", "FROM scratch\n")
      .write("shared/Dockerfile", "FROM scratch\n")
      .link("app/Within", "docker/Dockerfile")
      .link("app/Without", "../shared/Dockerfile")
      .link("app/Nowhere", "missing")
      .add()
      .commit();
    const within = await facts(repository, "app", { dockerfile: "Within" });
    assert.deepEqual([within.dockerfile, within.dockerfileCommitted], ["app/Within", true]);
    const refused: [source: { dockerfile: string; paths?: string[] }, target: string][] = [
      [{ dockerfile: "Without" }, "../shared/Dockerfile"],
      [{ dockerfile: "Nowhere" }, "missing"],
      [{ dockerfile: "Within", paths: ["Within", "main"] }, "docker/Dockerfile"],
    ];
    for (const [source, target] of refused) {
      const message = await errorOf("DockerfileNotCovered", () => facts(repository, "app", source));
      assert.ok(
        message.startsWith(
          `app/${source.dockerfile} is a symbolic link to ${target}, which the version does not cover.`,
        ),
        message,
      );
    }
  });

  const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 3\n`;

  it("LFS: a link has no pointer, and a program that is missing has a name", async () => {
    const repository = withImage().write(".gitattributes", "*.bin filter=lfs\n").link("app/a.bin", "missing");
    assert.deepEqual(await exported(repository.add().commit()), SOURCE);
    repository.write("app/b.bin", POINTER).add().commit();
    repository.git("config", "filter.lfs.process", "git-lfs filter-process");
    repository.git("config", "filter.lfs.required", "true");
    assert.match(
      await errorOf("LfsNotInstalled", () => exported(repository)),
      /git-lfs was not found\. Install git-lfs, then run `git lfs install`/,
    );
  });

  it("LFS: GIT_LFS_SKIP_SMUDGE, as CI sets it to fetch less, leaves no pointer in an image", async () => {
    const repository = withImage().write(".gitattributes", "*.bin filter=lfs\n").write("app/a.bin", POINTER);
    repository.add().commit();
    repository.git("config", "filter.lfs.clean", "cat");
    repository.git("config", "filter.lfs.smudge", 'if [ -n "$GIT_LFS_SKIP_SMUDGE" ]; then cat; else echo big; fi');
    process.env.GIT_LFS_SKIP_SMUDGE = "1";
    assert.deepEqual(await exported(repository), { ...SOURCE, "a.bin": "big\n" });
  });

  function library(): Repo {
    return keep(repo()).write("lib", "lib\n").add().commit();
  }

  function addSubmodule(repository: Repo, submodule: Repo, name: string): Repo {
    repository.git("submodule", "--quiet", "add", `file://${submodule.directory}`, name);
    return repository.add().commit("Add a submodule");
  }

  it("submodules within submodules: from their own commits, once all are there", async () => {
    const middle = addSubmodule(keep(repo()), library(), "inner");
    const repository = addSubmodule(withImage(), middle, "app/vendor");
    assert.match(
      await errorOf("SubmoduleNotInitialized", () => exported(repository)),
      /app\/vendor\/inner does not have its commit [0-9a-f]{40}\. Run `git submodule update --init --recursive`/,
    );
    repository.git("submodule", "--quiet", "update", "--init", "--recursive");
    const { "vendor/.gitmodules": _, ...files } = await exported(repository);
    assert.deepEqual(files, { ...SOURCE, "vendor/inner/lib": "lib\n" });
  });

  it("a submodule that was moved since a revision: refused in words that help", async () => {
    const repository = addSubmodule(withImage(), library(), "app/vendor");
    repository.git("tag", "v1");
    repository.git("mv", "app/vendor", "app/moved");
    repository.commit("Move it");
    assert.match(
      await errorOf("SubmoduleNotInitialized", () => exported(repository, "app", { revision: "v1" })),
      /app\/vendor does not have its commit [0-9a-f]{40}\. It no longer exists\. Check out the image's commit, /,
    );
  });

  it("a submodule at another commit than the recorded one: refused; hidden by a flag, the recorded one", async () => {
    const repository = addSubmodule(withImage(), library(), "app/vendor");
    new Repo(repository.path("app/vendor")).write("lib", "newer\n").add().commit();
    assert.match(await refusal("UncommittedChanges", repository), /\n {2} M app\/vendor\n/);
    repository.git("update-index", "--assume-unchanged", "app/vendor");
    assert.deepEqual(await exported(repository), { ...SOURCE, "vendor/lib": "lib\n" });
  });

  it("a submodule as one of several paths", async () => {
    const repository = addSubmodule(withImage(), library(), "app/vendor");
    const submodule = repository.head();
    repository.write("app/main", "two\n").add().commit();
    const source = { paths: ["vendor", "Dockerfile"] };
    assert.equal((await version(repository, "app", {}, source)).commit, submodule);
    assert.deepEqual(await exported(repository, "app", source), {
      Dockerfile: SOURCE.Dockerfile,
      "vendor/lib": "lib\n",
    });
  });

  it("a context inside a submodule: the submodule's own commit", async () => {
    const inner = withImage();
    const repository = addSubmodule(keep(repo()), inner, "sub").write("elsewhere", "x").add().commit();
    assert.equal(await tag(repository, "sub/app"), inner.head().slice(0, 7));
    assert.deepEqual(await exported(repository, "sub/app"), SOURCE);
  });

  it("git-ignored directories, and a context within one", async () => {
    const repository = withImage()
      .write(".gitignore", "secrets/\nbuild/\n")
      .write("build/app/Dockerfile", "FROM scratch\n");
    repository.add().git("add", "--force", "build/app/Dockerfile");
    repository.commit().write("app/secrets/key", "x").write("build/app/key", "x");
    assert.deepEqual((await facts(repository)).ignored, ["app/secrets"]);
    assert.deepEqual((await facts(repository, "build/app")).ignored, ["build/app/key"]);
    assert.deepEqual(await exported(repository, "build/app"), { Dockerfile: "FROM scratch\n" });
  });

  it("a revert, a squash and a rebase: the same tag under the Tree policy", async () => {
    const byTree = { tagPolicy: TagPolicy.Tree };
    const repository = withImage();
    const first = await tag(repository, "app", byTree);
    assert.equal(first, "f6700d3");
    repository.write("app/main", "two\n").add().commit().git("revert", "--no-edit", "HEAD");
    assert.equal(await tag(repository, "app", byTree), first);
    assert.notEqual(await tag(repository), (await version(repository)).tree.slice(0, 7));
    repository.write("app/main", "two\n").add().commit().write("app/main", "three\n").add().commit();
    const third = await tag(repository, "app", byTree);
    assert.notEqual(third, first);
    repository.git("reset", "--quiet", "--soft", "HEAD~2");
    repository.commit("Squash");
    assert.equal(await tag(repository, "app", byTree), third);
    repository.git("switch", "--quiet", "-c", "other", "HEAD~1");
    repository.write("elsewhere", "x").add().commit();
    repository.git("rebase", "--quiet", "other", "main");
    assert.equal(await tag(repository, "app", byTree), third);
  });
});
