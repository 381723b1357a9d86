import * as assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { exportCommit } from "../../../components/git";
import { refuseLost } from "../../../components/git/exportCommit";
import { errorOf } from "../../support/assertError";
import { Repo } from "../../support/repo";
import { useImages } from "./images";

/** What an image holds is the commit's own doing: neither this clone's settings nor its disk add to it in silence. */
describe("the files of a commit", () => {
  const { keep, directory, withImage, version, exported } = useImages();

  describe("have the line ends that the commit says, whatever this clone adds", () => {
    const withScript = () => withImage().write("app/run.sh", "one\ntwo\n").add().commit("Script");
    const attributes = "*.sh text eol=crlf\n";

    it("in .git/info/attributes", async () => {
      const repository = withScript();
      mkdirSync(repository.path(".git/info"), { recursive: true });
      repository.write(".git/info/attributes", attributes);
      assert.equal((await exported(repository))["run.sh"], "one\ntwo\n");
    });

    it("in those of a work tree of git worktree, which has its repository's", async () => {
      const repository = withScript();
      const other = path.join(directory(), "other");
      repository.git("worktree", "add", "--quiet", other, "HEAD");
      mkdirSync(repository.path(".git/info"), { recursive: true });
      repository.write(".git/info/attributes", attributes);
      const found = await exported(new Repo(other));
      assert.equal(found["run.sh"], "one\ntwo\n");
    });

    it("in the file that core.attributesFile names", async () => {
      const repository = withScript();
      const file = path.join(directory(), "attributes");
      writeFileSync(file, attributes);
      repository.git("config", "core.attributesFile", file);
      assert.equal((await exported(repository))["run.sh"], "one\ntwo\n");
    });

    it("and have others where the commit says so", async () => {
      const repository = withScript().write("app/.gitattributes", attributes).add().commit("CRLF");
      assert.equal((await exported(repository))["run.sh"], "one\r\ntwo\r\n");
    });
  });

  describe("go through a filter", () => {
    const withFilter = (name = "git-crypt") =>
      withImage()
        .write(".gitattributes", `app/secret filter=${name}\n`)
        .write("app/secret", "ciphertext\n")
        .add()
        .commit("Secret");

    for (const name of ["git-crypt", "sops"]) {
      it(`${name}, which this clone has not configured: refused, with the file and what to do`, async () => {
        const repository = withFilter(name);
        const message = await errorOf("FilterNotConfigured", () => exported(repository));
        assert.match(message, new RegExp(`^app/secret has the filter "${name}"`));
        assert.ok(message.includes(`\`git config filter.${name}.smudge cat\``), message);
      });
    }

    it("in a submodule as well", async () => {
      const library = keep(withFilter());
      const repository = withImage("app", keep(withImage()));
      repository.git("submodule", "--quiet", "add", `file://${library.directory}`, "app/lib");
      repository.add().commit("Add a submodule");
      await errorOf("FilterNotConfigured", () => exported(repository));
    });

    it("that is configured: written by it, and named", async () => {
      const repository = withFilter();
      repository.git("config", "filter.git-crypt.smudge", "tr a-z A-Z");
      repository.git("config", "filter.git-crypt.clean", "tr A-Z a-z");
      const into = path.join(directory(), "context");
      mkdirSync(into);
      assert.deepEqual(await exportCommit(await version(repository), into), { filters: ["git-crypt"] });
      assert.equal((await exported(repository)).secret, "CIPHERTEXT\n");
    });

    it("that is to write them as they were committed: not named", async () => {
      const repository = withFilter();
      repository.git("config", "filter.git-crypt.clean", "cat");
      const into = path.join(directory(), "context");
      mkdirSync(into);
      assert.deepEqual(await exportCommit(await version(repository), into), { filters: [] });
      assert.equal((await exported(repository)).secret, "ciphertext\n");
    });

    it("elsewhere in the repository: of no concern", async () => {
      const repository = withImage().write(".gitattributes", "other/* filter=git-crypt\n").write("other/x", "x").add();
      repository.commit("Other");
      assert.equal((await exported(repository)).main, "one\n");
    });
  });

  it("names that the file system takes for one: the one that is lost is named", async () => {
    // As macOS has "Dir/a" and "dir/b" there.
    const { directory } = withImage().write("Dir/a", "").write("Dir/b", "");
    await refuseLost(["Dir/a", "app/main"], directory);
    const message = await errorOf("StagingFailed", () => refuseLost(["Dir/a", "dir/b"], directory));
    assert.match(message, /^"dir\/b" and another name in the commit are the same file on the file system of /);
    const [composed, apart] = ["Dir/\u00e9", "Dir/e\u0301"];
    writeFileSync(path.join(directory, apart), "");
    await refuseLost([composed], directory);
    await errorOf("StagingFailed", () => refuseLost([composed, apart], directory));
  });

  it("links are not followed when names are counted, wherever they lead", async () => {
    const repository = withImage().link("app/again", ".").link("app/machine", "/proc/self/cwd");
    const { directory } = repository;
    await refuseLost(["app/again", "app/machine", "app/main"], directory);
    const lost = () => refuseLost(["app/again", "app/again/main", "app/main"], directory);
    assert.match(await errorOf("StagingFailed", lost), /^"app\/again\/main" and another name/);
  });

  for (const [seconds, time] of [
    ["253402300799", "9999-12-31T23:59:59.000Z"],
    ["253402300800", "9999-12-31T23:59:59.000Z"],
    ["9999999999999", "9999-12-31T23:59:59.000Z"],
    ["0", "1970-01-01T00:00:00.000Z"],
  ] as const) {
    it(`a commit of second ${seconds} has a time that can be written`, async () => {
      const repository = withImage();
      const tree = repository.git("rev-parse", "HEAD^{tree}");
      const author = `A <a@h> ${seconds} +0000`;
      writeFileSync(repository.path("commit"), `tree ${tree}\nauthor ${author}\ncommitter ${author}\n\nFar\n`);
      const commit = repository.git("hash-object", "-t", "commit", "-w", "--literally", "commit");
      repository.remove("commit");
      repository.git("reset", "--quiet", "--hard", commit);
      assert.equal((await version(repository)).committedAt.toISOString(), time);
      assert.equal((await exported(repository)).main, "one\n");
    });
  }
});
