import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { GitError } from "../../../components/git/gitError";
import { lastCommits } from "../../../components/git/history";
import { addItemsOf, cover, indexItems } from "../../../components/git/history/items";
import { walk } from "../../../components/git/history/walk";
import { hashes } from "../../support/hashes";
import { GIT_ENV, type Repo, repo } from "../../support/repo";

const name = fc.constantFrom("a", "b", "ab", "ü", "-");
const file = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const item = fc.uniqueArray(fc.oneof(file, fc.constant("")), { minLength: 1, maxLength: 3 });

describe("last commits of many items", () => {
  const repositories: Repo[] = [];
  const saved = { ...process.env };

  beforeEach(() => {
    for (const variable of Object.keys(process.env).filter((key) => key.startsWith("GIT_"))) {
      delete process.env[variable];
    }
    Object.assign(process.env, { ...GIT_ENV, PATH: saved.PATH });
  });

  afterEach(() => {
    for (const variable of Object.keys(process.env)) {
      delete process.env[variable];
    }
    Object.assign(process.env, saved);
    for (const repository of repositories.splice(0)) {
      repository.dispose();
    }
  });

  function made(): Repo {
    const repository = repo();
    repositories.push(repository);
    return repository;
  }

  it("belong to the changed files that their paths cover", () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 5 }), file, (items, changed) => {
        const found = new Set<number>();
        addItemsOf(Buffer.from(changed).toString("latin1"), indexItems(items), found);
        const expected = items.flatMap((paths, number) =>
          paths.some((path) => path === "" || changed === path || changed.startsWith(`${path}/`)) ? [number] : [],
        );
        assert.deepEqual(
          [...found].sort((one, other) => one - other),
          expected,
        );
      }),
    );
  });

  it("lie below at most four directories, unless only the root is above them", () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 1, maxLength: 12 }), (paths) => {
        const directories = cover(paths);
        assert.ok(directories.length <= 4);
        for (const path of directories.length > 0 ? paths : []) {
          assert.ok(directories.some((directory) => `${path}/`.startsWith(`${directory}/`)));
        }
      }),
    );
    assert.deepEqual(cover(["images/a", "images/b", "images/c", "images/d", "images/e"]), ["images"]);
    assert.deepEqual(cover(["a/b/c", "a/b", "x"]), ["a/b/c", "a/b", "x"]);
    assert.deepEqual(cover(["a", "b", "c", "d", "e"]), []);
    assert.deepEqual(cover(["a", ""]), []);
  });

  it("are not those that change nothing, for the root", async () => {
    const repository = made().write("a", "1").add().commit();
    const first = repository.head();
    repository.commit("Empty");
    assert.deepEqual(hashes(await lastCommits(repository.directory, [[""]])), [first]);
    assert.deepEqual(await walk(repository.directory, [[""], ["a"], ["b"]], "HEAD"), [first, first, undefined]);
  });

  it("see what a submodule's settings hide", async () => {
    const repository = made();
    repository.write(".gitmodules", '[submodule "m"]\n\tpath = m\n\turl = ./m\n\tignore = all\n');
    repository.add().git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},m`);
    repository.commit();
    repository.git("update-index", "--cacheinfo", `160000,${"2".repeat(40)},m`);
    repository.commit();
    assert.deepEqual(await walk(repository.directory, [["m"]], "HEAD"), [repository.head()]);
  });

  it("end at the boundary of a shallow clone, as git's do", async () => {
    const origin = made().write("a", "1").add().commit().write("b", "1").add().commit().write("c", "1").add().commit();
    const clone = origin.clone("--depth=2");
    repositories.push(clone);
    const items = [["a"], ["b"], ["c"], ["d"]];
    const boundary = clone.git("rev-parse", "HEAD~1");
    const expected = [boundary, boundary, clone.head(), undefined];
    assert.deepEqual(await walk(clone.directory, items, "HEAD"), expected);
    assert.deepEqual(hashes(await lastCommits(clone.directory, items)), expected);
  });

  it("are those of the commits as they were made: replacements, grafts and variables are ignored", async () => {
    const repository = made()
      .write("a", "1")
      .add()
      .commit()
      .write("a", "2")
      .add()
      .commit()
      .write("b", "1")
      .add()
      .commit();
    const second = repository.git("rev-parse", "HEAD~1");
    const first = repository.git("rev-parse", "HEAD~2");
    repository.git("replace", "--graft", "HEAD", first);
    repository.write(".git/info/grafts", `${repository.head()} ${first}\n`);
    const elsewhere = made();
    Object.assign(process.env, { GIT_DIR: elsewhere.path(".git"), GIT_ICASE_PATHSPECS: "1" });
    const expected = [second, repository.head(), undefined, undefined];
    assert.deepEqual(await walk(repository.directory, [["a"], ["b"], ["A"], ["*"]], "HEAD"), expected);
    assert.deepEqual(hashes(await lastCommits(repository.directory, [["a"], ["A"]])), [second, undefined]);
  });

  it("stand in a history of other hashes", async () => {
    const repository = repo("--object-format=sha256");
    repositories.push(repository);
    repository.write("a", "1").add().commit().write("b", "1").add().commit();
    const first = repository.git("rev-parse", "HEAD~1");
    assert.equal(first.length, 64);
    assert.deepEqual(await walk(repository.directory, [["a"], ["b"]], "HEAD"), [first, repository.head()]);
  });

  it("need a commit: git's own words where there is none", async () => {
    const { directory } = made();
    for (const asking of [() => walk(directory, [["a"]], "HEAD"), () => lastCommits(directory, [["a"]])]) {
      await assert.rejects(
        asking,
        (error) => error instanceof GitError && error.exitCode === 128 && /bad revision 'HEAD'/.test(error.words),
      );
    }
  });

  it("need all of history: a lost tree is git's error, no answer", async () => {
    const repository = made().write("a/f", "1").add().commit().write("b/f", "1").add().commit();
    const tree = repository.git("rev-parse", "HEAD~1^{tree}");
    repository.remove(`.git/objects/${tree.slice(0, 2)}/${tree.slice(2)}`);
    await assert.rejects(walk(repository.directory, [["a"]], "HEAD"), GitError);
  });
});
