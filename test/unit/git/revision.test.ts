import * as assert from "node:assert/strict";
import { TagPolicy } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import type { Repo } from "../../support/repo";
import { SOURCE, useImages } from "./images";

describe("the version that an image had at a revision", () => {
  const { keep, withImage, version, exported } = useImages();

  /** Three versions of an image, with a tag at the first and a branch at the second; then the directory goes. */
  function withHistory(): { repository: Repo; commits: string[] } {
    const repository = withImage();
    const commits = [repository.head()];
    repository.git("tag", "v1");
    repository.write("app/main", "two\n").add().commit("Two");
    commits.push(repository.head());
    repository.write("elsewhere", "x").add().commit("Elsewhere");
    repository.git("branch", "stable");
    repository.write("app/main", "three\n").add().commit("Three");
    commits.push(repository.head());
    return { repository, commits };
  }

  it("is that of the commit, tag or branch, and is built from that", async () => {
    const { repository, commits } = withHistory();
    const [one = "", two = "", three] = commits;
    for (const [revision, commit] of [
      ["v1", one],
      ["refs/tags/v1", one],
      [one, one],
      [one.slice(0, 9), one],
      ["stable", two],
      ["HEAD~1", two],
      ["HEAD", three],
      [undefined, three],
    ]) {
      assert.equal((await version(repository, "app", {}, { revision })).commit, commit, revision);
    }
    assert.deepEqual(await exported(repository, "app", { revision: "v1" }), SOURCE);
    assert.equal(
      (await version(repository, "app", {}, { revision: "stable" })).revision,
      repository.git("rev-parse", "stable"),
    );
  });

  it("does not ask what is on disk", async () => {
    const { repository, commits } = withHistory();
    repository.write("app/main", "changed\n").write("app/new", "x");
    const { commit, uncommitted, ignored } = await version(repository, "app", {}, { revision: "v1" });
    assert.deepEqual([commit, uncommitted, ignored], [commits[0], [], []]);
    assert.deepEqual(await exported(repository, "app", { revision: "v1" }), SOURCE);
  });

  it("is there though the directory is gone since", async () => {
    const { repository, commits } = withHistory();
    repository.git("rm", "-rq", "app");
    repository.commit("Gone");
    assert.equal((await version(repository, "app", {}, { revision: "stable" })).commit, commits[1]);
    assert.deepEqual(await exported(repository, "app", { revision: "v1" }), SOURCE);
  });

  it("is asked for beside others of the same repository, with an answer for each", async () => {
    const { repository, commits } = withHistory();
    const asked = ["v1", undefined, "nonsense", "stable"].map((revision) =>
      version(repository, "app", {}, { revision }),
    );
    const answers = await Promise.allSettled(asked);
    assert.deepEqual(
      answers.map((answer) => (answer.status === "fulfilled" ? answer.value.commit : answer.reason.code)),
      [commits[0], commits[2], "RevisionNotFound", commits[1]],
    );
  });

  it("has the tree of that revision under the policy Tree", async () => {
    const { repository } = withHistory();
    const { tag, tree } = await version(repository, "app", { tagPolicy: TagPolicy.Tree }, { revision: "v1" });
    assert.deepEqual([tree, tag], [repository.git("rev-parse", "v1:app"), tree.slice(0, 7)]);
  });

  it("is refused where the clone lacks the revision, with what to do", async () => {
    const { repository } = withHistory();
    for (const revision of ["v2", "", "-x", "a b", "0".repeat(40), "HEAD:app"]) {
      const message = await errorOf("RevisionNotFound", () => version(repository, "app", {}, { revision }));
      assert.match(message, /^revision is ".*", but the clone .* has no such commit\. .*git fetch --tags origin/);
    }
    const shallow = keep(repository.clone("--depth=1"));
    await errorOf("RevisionNotFound", () => version(shallow, "app", {}, { revision: "v1" }));
  });

  it("is refused where history ends there, as for HEAD", async () => {
    const { repository } = withHistory();
    const shallow = keep(repository.clone("--depth=3"));
    await errorOf("ShallowHistory", () => version(shallow, "app", {}, { revision: "HEAD~2" }));
  });

  it("is refused where the revision lacks what the program says, all of it in one error", async () => {
    const { repository, commits } = withHistory();
    repository.write("app/lib/x", "x").write("app/Prod.Dockerfile", SOURCE.Dockerfile).add().commit("More");
    const source = { revision: "v1", paths: ["lib", "main", "Prod.Dockerfile"], dockerfile: "Prod.Dockerfile" };
    assert.equal(
      await errorOf("NotInRevision", () => version(repository, "app", {}, source)),
      `Commit ${commits[0]}, set as revision, has no app/Prod.Dockerfile, app/lib, so the image can't be ` +
        "built from it. Name another revision, or leave revision out.",
    );
  });

  it("is not that of a debug image", async () => {
    const { repository } = withHistory();
    const message = await errorOf("InvalidArgument", () =>
      version(repository, "app", { debug: true }, { revision: "v1" }),
    );
    assert.equal(
      message,
      "debug and revision can't be set together: a debug image is built from the disk. Leave out one of them.",
    );
  });
});
