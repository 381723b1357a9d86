import * as assert from "node:assert/strict";
import { TagPolicy } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import type { Repo } from "../../support/repo";
import { useImages } from "./images";

/** The table of docs/versions.md. */
describe("what gives another version", () => {
  const { keep, withImage, tag } = useImages();
  const both = async (repository: Repo, context = "app") => ({
    commit: await tag(repository, context),
    tree: await tag(repository, context, { tagPolicy: TagPolicy.Tree }),
  });

  function withTwo(): Repo {
    return withImage().write("app/main", "two\n").add().commit("Two");
  }

  it("a revert: under Commit alone", async () => {
    const repository = withImage();
    const before = await both(repository);
    repository.write("app/main", "two\n").add().commit("Two");
    repository.git("revert", "--no-edit", "HEAD");
    const after = await both(repository);
    assert.deepEqual([after.commit, after.tree], [repository.head().slice(0, 7), before.tree]);
    assert.notEqual(after.commit, before.commit);
  });

  it("a squash: under Commit alone", async () => {
    const repository = withImage();
    repository.git("checkout", "-qb", "topic");
    repository.write("app/main", "two\n").add().commit("Two").write("app/main", "three\n").add().commit("Three");
    const before = await both(repository);
    repository.git("checkout", "-q", "main");
    repository.git("merge", "-q", "--squash", "topic");
    repository.commit("Squashed");
    const after = await both(repository);
    assert.deepEqual([after.commit, after.tree], [repository.head().slice(0, 7), before.tree]);
    assert.notEqual(after.commit, before.commit);
  });

  it("another name of the directory: under Commit alone", async () => {
    const repository = withTwo();
    const before = await both(repository);
    repository.git("mv", "app", "application");
    repository.commit("Move");
    const after = await both(repository, "application");
    assert.deepEqual([after.commit, after.tree], [repository.head().slice(0, 7), before.tree]);
    assert.notEqual(after.commit, before.commit);
  });

  it("a merge: under Commit if both sides changed the files, else the commit stays", async () => {
    const repository = withImage();
    repository.git("checkout", "-qb", "topic");
    const topic = repository.write("app/main", "two\n").add().commit("Two").head();
    repository.git("checkout", "-q", "main");
    repository.write("elsewhere", "x").add().commit("Elsewhere");
    repository.git("merge", "-q", "--no-ff", "--no-edit", "topic");
    assert.equal((await both(repository)).commit, topic.slice(0, 7));
    repository.git("checkout", "-qb", "other", topic);
    repository.write("app/other", "x").add().commit("Other");
    repository.git("checkout", "-q", "main");
    repository.write("app/more", "x").add().commit("More");
    repository.git("merge", "-q", "--no-edit", "other");
    assert.equal((await both(repository)).commit, repository.head().slice(0, 7));
  });

  it("a shallow clone: Tree needs no history", async () => {
    const repository = withTwo().write("elsewhere", "x").add().commit("Elsewhere");
    const shallow = keep(repository.clone("--depth=1"));
    await errorOf("ShallowHistory", () => tag(shallow));
    assert.equal(await tag(shallow, "app", { tagPolicy: TagPolicy.Tree }), (await both(repository)).tree);
  });
});
