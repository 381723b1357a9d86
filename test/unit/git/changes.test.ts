import * as assert from "node:assert/strict";
import fc from "fast-check";
import { readChanges } from "../../../components/git";
import type { Changes } from "../../../components/version";
import { LONG } from "../../support/long";
import type { Repo } from "../../support/repo";
import { useImages } from "./images";

describe("the commits between two versions", () => {
  const { withImage, keep } = useImages();

  async function between(repository: Repo, from: string, to = repository.head(), paths = ["app"]) {
    const changes = await readChanges({ root: repository.directory, from, to, paths });
    return changes && subjects(changes);
  }

  function subjects({ added, removed }: Changes) {
    return { added: added.map(({ subject }) => subject), removed: removed.map(({ subject }) => subject) };
  }

  function touching(repository: Repo, ...names: string[]): Repo {
    for (const name of names) {
      repository.write(`app/${name}`, `${name}\n`).add().commit(name);
    }
    return repository;
  }

  it("are those that touch its paths, newest first", async () => {
    const repository = withImage();
    const first = repository.head();
    touching(repository, "one");
    repository.write("elsewhere/x", "x").add().commit("Elsewhere");
    touching(repository, "two");
    for (const from of [first, first.slice(0, 7)]) {
      assert.deepEqual(await between(repository, from), { added: ["two", "one"], removed: [] });
    }
    assert.deepEqual(await between(repository, first, repository.head(), [""]), {
      added: ["two", "Elsewhere", "one"],
      removed: [],
    });
    assert.deepEqual(await between(repository, first, repository.head(), ["app/two", "elsewhere"]), {
      added: ["two", "Elsewhere"],
      removed: [],
    });
  });

  it("are removed ones where it steps back, and both where histories part", async () => {
    const repository = touching(withImage(), "one");
    const base = repository.head();
    touching(repository, "two", "three");
    const [ahead, one] = [repository.head(), repository.git("rev-parse", "HEAD~2")];
    assert.deepEqual(await between(repository, ahead, one), { added: [], removed: ["three", "two"] });
    repository.git("checkout", "--quiet", "-b", "side", base);
    touching(repository, "side");
    assert.deepEqual(await between(repository, ahead), { added: ["side"], removed: ["three", "two"] });
  });

  it("count a merge that both sides touch, as git log does", async () => {
    const repository = withImage();
    const first = repository.head();
    repository.git("switch", "--quiet", "-c", "side");
    touching(repository, "side");
    repository.git("switch", "--quiet", "main");
    touching(repository, "mine");
    repository.git("merge", "--quiet", "-m", "Merge", "side");
    const found = await between(repository, first);
    assert.deepEqual({ ...found, added: found?.added.sort() }, { added: ["Merge", "mine", "side"], removed: [] });
    assert.deepEqual((await between(repository, "side"))?.added, ["Merge", "mine"]);
  });

  it("are none between a version and itself, and unknown from a commit that the clone lacks", async () => {
    const repository = touching(withImage(), "one");
    assert.deepEqual(await between(repository, "HEAD"), { added: [], removed: [] });
    assert.equal(await between(repository, "0123456"), undefined);
    assert.equal(await between(repository, "no such thing"), undefined);
    assert.equal(await between(repository, "HEAD:app"), undefined);
    const clone = keep(repository.clone("--depth=1"));
    assert.equal(await between(clone, repository.git("rev-parse", "HEAD~1")), undefined);
  });

  it("are found where two histories have nothing in common", async () => {
    const repository = touching(withImage(), "one");
    const main = repository.head();
    repository.git("switch", "--quiet", "--orphan", "other");
    touching(repository, "alone");
    assert.deepEqual(await between(repository, main), { added: ["alone"], removed: ["one", "Add the image"] });
  });

  it("are found for many images at once", async () => {
    const repository = withImage();
    for (const name of ["a", "b", "c"]) {
      repository.write(`${name}/x`, "x").add().commit(name);
    }
    const first = repository.git("rev-list", "--max-parents=0", "HEAD");
    const found = await Promise.all(
      ["a", "b", "c", "app"].map((name) => between(repository, first, repository.head(), [name])),
    );
    assert.deepEqual(
      found.map((changes) => changes?.added),
      [["a"], ["b"], ["c"], []],
    );
  });

  it("are those of git log, and the merges that are like none of their parents, in random histories", async function () {
    this.timeout(120_000);
    const step = fc.record({ file: fc.constantFrom("app/a", "app/b", "x"), onto: fc.nat(3), merge: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 8 }),
        fc.nat(),
        fc.nat(),
        async (steps, one, other) => {
          const repository = withImage();
          const commits = [repository.head()];
          for (const [index, { file, onto, merge }] of steps.entries()) {
            const base = commits[Math.max(0, commits.length - 1 - onto)] ?? "";
            repository.git("checkout", "--quiet", "--detach", base);
            repository.write(file, `${index}\n`).add().commit(`${index}`);
            if (merge) {
              repository.git("merge", "--quiet", "-X", "ours", "-m", `merge ${index}`, commits.at(-1) ?? "");
            }
            commits.push(repository.head());
          }
          const [from = "", to = ""] = [one, other].map((number) => commits[number % commits.length]);
          const ask = (...args: string[]) =>
            repository
              .git(...args)
              .split("\n")
              .filter(Boolean);
          const differs = (hash: string, parent: string) =>
            ask("diff", "--name-only", parent, hash, "--", "app").length > 0;
          const log = (range: string) =>
            [
              ...ask("log", "--full-history", "--no-merges", "--format=%s", range, "--", "app"),
              ...ask("log", "--merges", "--format=%H %s", range).flatMap((line) => {
                const [hash = "", ...subject] = line.split(" ");
                return ["^1", "^2"].every((parent) => differs(hash, hash + parent)) ? [subject.join(" ")] : [];
              }),
            ].sort();
          const found = await between(repository, from, to);
          assert.deepEqual(
            [found?.added.sort(), found?.removed.sort()],
            [log(`${from}..${to}`), log(`${to}..${from}`)],
          );
        },
      ),
      { numRuns: LONG ? 25 : 6 },
    );
  });
});
