import * as assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFacts } from "../../../components/git";
import {
  lastCommitAt,
  locateImage,
  lookUpCommits,
  openHistory,
  readContent,
  treeIn,
} from "../../../components/git/lookup";
import { errorOf } from "../../support/assertError";
import { repo } from "../../support/repo";
import { repositories } from "./setup";

describe("looking commits up", () => {
  const { withImage, keep } = repositories();
  const UNKNOWN = "1".repeat(40);

  it("finds those that the clone has, on whatever branch, with what they say", async () => {
    const made = withImage();
    const first = made.head();
    made.git("checkout", "--quiet", "-b", "other");
    const second = made.write("x", "x").add().commit("On a branch").head();
    made.git("checkout", "--quiet", "main");
    const found = await lookUpCommits(await openHistory("images"), [second, UNKNOWN, first, second]);
    assert.deepEqual(
      [...found.values()],
      [
        { hash: second, subject: "On a branch", author: "Ada", committedAt: new Date("2024-01-01T00:02:00Z") },
        { hash: first, subject: "Add the image", author: "Ada", committedAt: new Date("2024-01-01T00:01:00Z") },
      ],
    );
  });

  it("finds nothing by what is no commit's full hash", async () => {
    const made = withImage();
    made.git("tag", "--annotate", "--message=v1", "v1");
    const history = await openHistory(".");
    const others = [
      made.head().slice(0, 39),
      made.head().toUpperCase(),
      made.git("rev-parse", "v1"),
      made.git("rev-parse", "HEAD^{tree}"),
      made.git("rev-parse", "HEAD:images/app/main"),
      "a".repeat(64),
      "HEAD",
      "--all",
      "",
      `${made.head()}\n${made.head()}`,
    ];
    assert.deepEqual(await lookUpCommits(history, others), new Map());
    assert.deepEqual(await lookUpCommits(history, []), new Map());
  });

  it("is not misled by a branch that is named like a hash", async () => {
    const made = withImage();
    made.git("update-ref", `refs/heads/${UNKNOWN}`, "HEAD");
    assert.deepEqual(await lookUpCommits(await openHistory("."), [UNKNOWN]), new Map());
  });

  it("works with hashes of 64 digits", async () => {
    const made = keep(repo("--object-format=sha256")).write("a/Dockerfile", "FROM scratch\n").add().commit("One");
    const history = await openHistory(made.path("a"));
    const found = await lookUpCommits(history, [made.head(), UNKNOWN, "1".repeat(64)]);
    assert.deepEqual([...found.keys()], [made.head()]);
  });

  it("does not make a partial clone fetch", async () => {
    const made = withImage();
    made.git("config", "uploadpack.allowFilter", "true");
    const clone = keep(made.clone("--filter=blob:none"));
    clone.git("config", "remote.origin.uploadpack", `touch ${clone.path("fetched")}; git-upload-pack`);
    const found = await lookUpCommits(await openHistory(clone.directory), [made.head(), UNKNOWN]);
    assert.deepEqual([...found.keys()], [made.head()]);
    assert.equal(existsSync(clone.path("fetched")), false);
    assert.throws(() => clone.git("cat-file", "-e", UNKNOWN));
    assert.equal(existsSync(clone.path("fetched")), true);
  });

  it("knows where a shallow clone's history ends", async () => {
    const made = withImage().write("x", "x").add().commit();
    const clone = keep(made.clone("--depth=1"));
    assert.deepEqual((await openHistory(clone.directory)).shallow, new Set([made.head()]));
    assert.deepEqual((await openHistory(made.directory)).shallow, new Set());
  });

  it("gives the tree that the version has, for every kind of paths, at an older commit as well", async () => {
    const made = withImage().write("images/app.b/x", "x").write("images/app/ü\n/x", "x").add().commit("More");
    const commit = made.head();
    const history = await openHistory(".");
    const sources = [
      { context: "images/app" },
      { context: ".", dockerfile: "images/app/Dockerfile" },
      { context: "images/app", paths: ["Dockerfile"] },
      { context: "images", paths: ["app.b", "app"], dockerfile: "app/Dockerfile" },
      { context: "images/app", paths: ["ü\n", "Dockerfile"] },
    ];
    const expected = (await Promise.all(sources.map(readFacts))).map(({ tree }) => tree);
    made.write("images/app/main", "later\n").write("images/app/Dockerfile", "FROM x\n").add().commit("Later");
    const content = await readContent(history, commit);
    const located = await Promise.all(sources.map((source) => locateImage(history, source)));
    const found = located.map((paths) => treeIn(history, content, paths));
    assert.equal(expected[0], made.git("rev-parse", `${commit}:images/app`));
    assert.equal(expected[1], made.git("rev-parse", `${commit}^{tree}`));
    assert.deepEqual(found, expected);
  });

  it("gives no tree where the commit lacks a path", async () => {
    const made = withImage();
    const first = made.head();
    made.write("images/app/src/a", "a").add().commit("Add src");
    const history = await openHistory(".");
    const located = await locateImage(history, { context: "images/app", paths: ["Dockerfile", "src"] });
    assert.equal(treeIn(history, await readContent(history, first), located), undefined);
  });

  it("finds the last commit that touched paths, as seen from another one", async () => {
    const made = withImage();
    const first = made.head();
    const second = made.write("elsewhere", "x").add().commit("Elsewhere").head();
    const third = made.write("images/app/main", "two\n").add().commit("Say two").head();
    const history = await openHistory(".");
    assert.equal(await lastCommitAt(history, second, ["images/app"]), first);
    assert.equal(await lastCommitAt(history, third, ["images/app"]), third);
    assert.equal(await lastCommitAt(history, second, [""]), second);
    assert.equal(await lastCommitAt(history, first, ["elsewhere"]), undefined);
    assert.equal(await lastCommitAt(history, third, ["images/a*"]), undefined);
  });

  it("is an error where there is no repository, directory or commit", async () => {
    const made = withImage();
    await errorOf("NotARepository", () => openHistory("/"));
    await errorOf("ContextNotFound", () => openHistory("none"));
    await errorOf("NoCommitYet", () => openHistory(keep(repo()).directory));
    const history = await openHistory(made.directory);
    assert.match(await errorOf("GitFailed", () => readContent(history, UNKNOWN)), /failed in .*\n.*/);
    await errorOf("GitFailed", () => lastCommitAt(history, UNKNOWN, [""]));
  });
});
