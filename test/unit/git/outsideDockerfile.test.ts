import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import * as path from "node:path";
import { expectExport, exportCommit } from "../../../components/git";
import { openHistory, treesAt } from "../../../components/git/lookup";
import { TagPolicy } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import type { Repo } from "../../support/repo";
import { useImages } from "./images";

/** `docker build -f docker/api.Dockerfile services/api`: the version covers the Dockerfile and its ignore file by their paths. */
describe("a Dockerfile outside of the context", () => {
  const { directory, withImage, facts, version } = useImages();
  const OUTSIDE = { dockerfile: "../../docker/api.Dockerfile" };
  const PATHS = ["docker/api.Dockerfile", "docker/api.Dockerfile.dockerignore", "services/api"];

  /** The context has a Dockerfile of its own, which is not built. */
  function made(): Repo {
    return withImage("services/api").write("docker/api.Dockerfile", "FROM a\n").add().commit("Add the Dockerfile");
  }

  const outside = (repository: Repo, options = {}) => version(repository, "services/api", options, OUTSIDE);

  function hashByHand(repository: Repo, commit = "HEAD"): string {
    const listed = execFileSync("git", ["ls-tree", "-z", "--full-tree", commit, "--", ...PATHS], {
      cwd: repository.directory,
    });
    return execFileSync("git", ["hash-object", "--stdin"], { cwd: repository.directory, input: listed })
      .toString()
      .trim();
  }

  it("is covered with its ignore file, which need not be there", async () => {
    const repository = made();
    const found = await outside(repository);
    assert.deepEqual(
      [found.paths, found.dockerfile, found.commit, found.tree],
      [PATHS, "docker/api.Dockerfile", repository.head(), hashByHand(repository)],
    );
    repository.write("docker/other.Dockerfile", "FROM b\n").add().commit();
    assert.equal((await outside(repository)).commit, found.commit);
  });

  it("each of its commits is a version: a change, and an ignore file that comes, changes and goes", async () => {
    const repository = made();
    const trees = new Set<string>();
    for (const change of [
      () => repository.write("docker/api.Dockerfile", "FROM b\n"),
      () => repository.write("docker/api.Dockerfile.dockerignore", "main\n"),
      () => repository.write("docker/api.Dockerfile.dockerignore", "*\n"),
      () => repository.write("services/api/main", "two\n"),
      () => repository.remove("docker/api.Dockerfile.dockerignore"),
    ]) {
      change();
      repository.add().commit();
      const { commit, tree } = await outside(repository);
      assert.deepEqual([commit, tree], [repository.head(), hashByHand(repository)]);
      trees.add(tree);
    }
    assert.equal(trees.size, 5);
    const commits = repository.git("rev-list", "HEAD").split("\n");
    const found = await treesAt(await openHistory(repository.directory), commits, PATHS);
    assert.deepEqual(
      commits.map((commit) => found.get(commit)),
      [...commits.slice(0, -1).map((commit) => hashByHand(repository, commit)), undefined],
    );
  });

  for (const [file, content] of [
    ["docker/api.Dockerfile", "FROM b\n"],
    ["docker/api.Dockerfile.dockerignore", "*\n"],
  ] as const) {
    it(`${file} that is not committed stops production, and not debug`, async () => {
      const repository = made().write(file, content);
      const message = await errorOf("UncommittedChanges", () => outside(repository));
      assert.ok(message.includes(` ${file}\n`), message);
      const { uncommitted } = await outside(repository, { debug: true });
      assert.deepEqual(
        uncommitted.map(({ path }) => path),
        [file],
      );
    });
  }

  it("one that is within paths or a named context is covered as before, and one beside paths by its own path", async () => {
    const repository = made().write("services/api/src/code", "x").add().commit();
    const paths = async (source: object) => (await facts(repository, "services/api", source)).paths;
    assert.deepEqual(await paths({ paths: ["src", "Dockerfile"] }), ["services/api/Dockerfile", "services/api/src"]);
    assert.deepEqual(await paths({ paths: ["src"] }), [
      "services/api/Dockerfile",
      "services/api/Dockerfile.dockerignore",
      "services/api/src",
    ]);
    assert.deepEqual(await paths({ ...OUTSIDE, contexts: { docker: repository.path("docker") } }), [
      "docker",
      "services/api",
    ]);
    assert.deepEqual(await paths({ dockerfile: "../api/Dockerfile" }), ["services/api"]);
  });

  it("outside of the repository: refused", async () => {
    const repository = made();
    for (const dockerfile of ["../../../x", "a/../../../../x/Dockerfile"]) {
      assert.equal(
        await errorOf("OutsideRepository", () => facts(repository, "services/api", { dockerfile })),
        `dockerfile names "${dockerfile}", which is outside the context's repository (${repository.directory}), so the version would not ` +
          `change with it. Move it into the repository, and name it relative to the context (${repository.path("services/api")}).`,
      );
    }
    for (const dockerfile of ["/etc/passwd", "", "../..", "..", "."]) {
      assert.equal(
        await errorOf("InvalidArgument", () => facts(repository, "services/api", { dockerfile })),
        `dockerfile names "${dockerfile}": name a file, relative to the context (${repository.path("services/api")}).`,
      );
    }
  });

  it("behind a symbolic link, or one itself: refused", async () => {
    const repository = made()
      .write("real/Dockerfile", "FROM a\n")
      .link("linked", "real")
      .link("docker/L", "api.Dockerfile");
    const refused = (code: "OutsideRepository" | "DockerfileNotCovered", dockerfile: string) =>
      errorOf(code, () => facts(repository, "services/api", { dockerfile }));
    assert.match(await refused("OutsideRepository", "../../linked/Dockerfile"), /is behind a symbolic link to /);
    const itself = await refused("DockerfileNotCovered", "../../docker/L");
    assert.match(itself, /^docker\/L is a symbolic link to api\.Dockerfile, and links outside the context /);
    repository.link("docker/api.Dockerfile.dockerignore", "../.dockerignore");
    const ignore = await refused("DockerfileNotCovered", OUTSIDE.dockerfile);
    assert.match(ignore, /^docker\/api\.Dockerfile\.dockerignore is a symbolic link to \.\.\/\.dockerignore, and /);
  });

  it("one that is not there: said as of any Dockerfile", async () => {
    const repository = withImage("services/api");
    for (const debug of [false, true]) {
      const message = await errorOf("DockerfileNotFound", () => outside(repository, { debug }));
      assert.match(message, /^There is no docker\/api\.Dockerfile (in the last commit|on disk in )/);
    }
    repository.write("docker/api.Dockerfile", "FROM a\n");
    await errorOf("NeverCommitted", () => outside(repository));
  });

  /** The files of a production context, and what was written beside it. */
  async function exported(repository: Repo, folder = directory()): Promise<Record<string, string>> {
    const into = path.join(folder, "context");
    mkdirSync(into);
    await exportCommit(await outside(repository), into, {
      outside: { ...OUTSIDE, staged: "../dockerfile/api.Dockerfile" },
    });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(
      files
        .map(({ parentPath, name }) => path.join(parentPath, name))
        .sort()
        .map((file) => [path.relative(folder, file), readFileSync(file, "utf8")]),
    );
  }

  it("is written beside the context, with the ignore file if the commit has one", async () => {
    const repository = made().write("docker/other", "x").write("services/api/.dockerignore", "x\n").add().commit();
    const files = {
      "context/.dockerignore": "x\n",
      "context/Dockerfile": "FROM scratch\n",
      "context/main": "one\n",
      "dockerfile/api.Dockerfile": "FROM a\n",
    };
    assert.deepEqual(await exported(repository), files);
    repository.write("docker/api.Dockerfile.dockerignore", "main\n").add().commit();
    assert.deepEqual(await exported(repository), { ...files, "dockerfile/api.Dockerfile.dockerignore": "main\n" });
  });

  it("is written for several images at once", async () => {
    const repository = made();
    const found = await outside(repository);
    const expected = [1, 2, 3].map(() => expectExport(found));
    const written = await Promise.all([1, 2, 3].map(() => exported(repository)));
    await Promise.all(expected.map((end) => end()));
    for (const files of written) {
      assert.deepEqual(Object.keys(files), ["context/Dockerfile", "context/main", "dockerfile/api.Dockerfile"]);
    }
  });

  it("a link that is in the commit alone is refused where it would be written", async () => {
    const repository = made();
    const known = await version(repository, "services/api", { tagPolicy: TagPolicy.Tree }, OUTSIDE);
    repository.remove("docker/api.Dockerfile");
    symlinkSync("../services/api/Dockerfile", repository.path("docker/api.Dockerfile"));
    repository.add().commit();
    const folder = directory();
    const message = await errorOf("DockerfileNotCovered", () =>
      exportCommit({ ...known, commit: repository.head() }, folder, { outside: { ...OUTSIDE, staged: "Dockerfile" } }),
    );
    assert.match(message, /^docker\/api\.Dockerfile is a symbolic link to \.\.\/services\/api\/Dockerfile, and /);
  });
});
