import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { VersionedImageError } from "../../../components/errors";
import { exportCommit, readFacts } from "../../../components/git";
import { decideVersion, TagPolicy } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import { LONG } from "../../support/long";
import { asNobody, NOBODY, needRoot } from "../../support/nobody";
import { Repo } from "../../support/repo";
import { SOURCE, useImages } from "./images";

/** Paths and commits that someone made to do harm, and files that can't be read. */
describe("hostile repositories", () => {
  const { directory, withImage, facts, version, tag, exported } = useImages();

  it("a context that no path can be: not found, in our own words", async () => {
    const repository = withImage();
    symlinkSync("loop", repository.path("loop"));
    for (const context of ["", "loop", "loop/app", "app\0", "x".repeat(300), "x/".repeat(3_000)]) {
      const message = await errorOf("ContextNotFound", () =>
        readFacts({ context: context && repository.path(context) }),
      );
      assert.match(message, /^Directory /);
    }
  });

  it("paths and a Dockerfile that no path can be", async () => {
    const repository = withImage();
    repository.link("app/loop", "loop").add().commit();
    for (const [entry, codes] of [
      ["a\0b", ["InvalidArgument", "InvalidArgument"]],
      ["x".repeat(300), ["NeverCommitted", "DockerfileNotFound"]],
      [`${"x".repeat(300)}/y`, ["NeverCommitted", "DockerfileNotFound"]],
      ["y/".repeat(3_000), ["NeverCommitted", "DockerfileNotFound"]],
      ["loop/x", ["NeverCommitted", "DockerfileNotFound"]],
    ] as const) {
      const [asPath, asDockerfile] = codes;
      await errorOf(asPath, () => version(repository, "app", {}, { paths: ["Dockerfile", entry] }));
      await errorOf(asDockerfile, () => version(repository, "app", {}, { dockerfile: entry }));
    }
    await errorOf("DockerfileNotCovered", () => facts(repository, "app", { dockerfile: "loop" }));
  });

  it("whatever paths and Dockerfile are named: facts within the repository, or an error of ours", async () => {
    const repository = withImage().write("outside", "x").link("app/up", "..").link("app/self", "self").add().commit();
    const part = fc.constantFrom(
      "..",
      ".",
      "",
      "up",
      "self",
      "main",
      "Dockerfile",
      "app",
      "-x",
      ":(top)",
      "*",
      "a\0",
      "\n",
    );
    const entry = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom("", "/", "./"), fc.array(part, { maxLength: 5 }))
        .map(([first, parts]) => first + parts.join("/")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 3 }), entry, async (paths, dockerfile) => {
        const found = await facts(repository, "app", { paths: [...paths, "Dockerfile"], dockerfile }).catch((error) => {
          assert.ok(error instanceof VersionedImageError, String(error?.stack));
        });
        for (const file of found ? [...found.paths, found.dockerfile] : []) {
          const isOfDockerfile = file === found?.dockerfile || file === `${found?.dockerfile}.dockerignore`;
          assert.ok(file === "app" || file.startsWith("app/") || (isOfDockerfile && !file.startsWith("../")), file);
          assert.equal(path.posix.normalize(file), file);
        }
      }),
      { numRuns: LONG ? 60 : 20 },
    );
  });

  /** Makes a commit of a tree that git add would not make. */
  function commitTree(repository: Repo, entries: string[]): void {
    const made = execFileSync("git", ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], {
      cwd: repository.directory,
      input: Buffer.concat(
        entries.map((entry) => {
          const [mode = "", hash = "", name = ""] = entry.split(" ");
          return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(hash, "hex")]);
        }),
      ),
      encoding: "utf8",
    }).trim();
    const commit = repository.git("commit-tree", "-m", "Hostile", made);
    repository.git("update-ref", "HEAD", commit);
  }

  function context(): string {
    const made = path.join(directory(), "context");
    mkdirSync(made);
    return made;
  }

  /** Exports a commit whatever git says of the work tree. */
  async function exportInSpite(repository: Repo, into: string): Promise<void> {
    const known = { ...(await facts(repository)), uncommitted: [], hidden: [], uninitialized: [] };
    const options = { debug: false, tagPolicy: TagPolicy.Commit, tagLength: 7 };
    await exportCommit(decideVersion(known, options), into);
  }

  for (const name of ["..", ".git", ".", ".GIT"]) {
    it(`a commit that holds a file named ${name}: git refuses it, and nothing is written elsewhere`, async () => {
      const repository = withImage();
      const blob = repository.git("rev-parse", "HEAD:app/main");
      const app = repository.git("rev-parse", "HEAD:app");
      const inner = ["100644", repository.git("rev-parse", "HEAD:app/Dockerfile"), "Dockerfile"].join(" ");
      commitTree(repository, [`100644 ${blob} ${name}`, inner].sort());
      const hostile = repository.git("rev-parse", "HEAD^{tree}");
      commitTree(repository, [`40000 ${hostile} app`, `40000 ${app} other`]);
      const into = context();
      const message = await errorOf("GitFailed", () => exportInSpite(repository, into));
      assert.match(message, /: .*invalid path/);
      assert.deepEqual(readdirSync(path.dirname(into)), ["context"]);
      assert.deepEqual(readdirSync(into), []);
    });
  }

  it("a commit in which one name is a link to elsewhere and a directory: nothing is written there", async () => {
    const repository = withImage();
    const elsewhere = directory();
    repository.write(".git/target", elsewhere);
    const link = repository.git("hash-object", "-w", ".git/target");
    const [dockerfile, main] = ["Dockerfile", "main"].map((name) => repository.git("rev-parse", `HEAD:app/${name}`));
    const submodule = repository.head();
    commitTree(repository, [`100644 ${main} file`, `160000 ${submodule} sub`]);
    const inner = repository.git("rev-parse", "HEAD^{tree}");
    commitTree(repository, [`100644 ${dockerfile} Dockerfile`, `120000 ${link} both`, `40000 ${inner} both`]);
    commitTree(repository, [`40000 ${repository.git("rev-parse", "HEAD^{tree}")} app`]);
    repository.git("clone", "--quiet", ".", "app/both/sub");
    new Repo(repository.path("app/both/sub")).git("checkout", "--quiet", submodule);
    const into = context();
    await exportInSpite(repository, into);
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.deepEqual((readdirSync(into, { recursive: true }) as string[]).sort(), [
      "Dockerfile",
      "both",
      "both/file",
      "both/sub",
      "both/sub/app",
      "both/sub/app/Dockerfile",
      "both/sub/app/main",
    ]);
  });

  it("names that differ in case alone: each its own file", async () => {
    const repository = withImage()
      .write("app/MAIN", "other\n")
      .write("app/Sub/a", "1")
      .write("app/sub/a", "2")
      .add()
      .commit();
    assert.deepEqual(await exported(repository), { ...SOURCE, MAIN: "other\n", "Sub/a": "1", "sub/a": "2" });
  });

  describe("what can't be read", () => {
    beforeEach(function () {
      needRoot(this);
    });

    function givenAway(repository: Repo): Repo {
      execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, repository.directory]);
      return repository;
    }

    it("a committed file, known to be unchanged: in the image, from the commit", async () => {
      const repository = withImage();
      execFileSync("touch", ["-d", "2020-01-01", repository.path("app/main")]);
      chmodSync(repository.path("app/main"), 0);
      givenAway(repository).git("-c", "safe.directory=*", "update-index", "--refresh");
      // Alone: what changes owner has another time of change, which git compares, by seconds.
      execFileSync("chown", [`${NOBODY}:${NOBODY}`, repository.path(".git/index")]);
      assert.deepEqual(await asNobody(() => exported(repository)), SOURCE);
    });

    it("a committed file that may have changed: counts as changed", async () => {
      const repository = withImage();
      execFileSync("touch", ["-d", "2030-01-01", repository.path("app/main")]);
      chmodSync(givenAway(repository).path("app/main"), 0);
      const { uncommitted } = await asNobody(() => facts(repository));
      assert.deepEqual(uncommitted, [{ status: " M", path: "app/main" }]);
    });

    it("an untracked directory: no harm in production", async () => {
      const repository = withImage().write("app/data/pages", "x");
      const head = repository.head();
      chmodSync(givenAway(repository).path("app/data"), 0);
      assert.equal(await asNobody(() => tag(repository)), head.slice(0, 7));
    });

    it("the context, or a directory above it: says so", async () => {
      for (const [closed, code] of [
        ["outer/app", "GitFailed"],
        ["outer", "ContextNotFound"],
      ] as const) {
        const repository = withImage("outer/app");
        chmodSync(givenAway(repository).path(closed), 0);
        const message = await errorOf(code, () => asNobody(() => facts(repository, "outer/app")));
        assert.match(message, /EACCES/);
      }
    });
  });
});
