import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expectExport, exportCommit, readFacts } from "../../../components/git";
import { SharedCommit } from "../../../components/git/sharedCommit";
import { decideVersion, TagPolicy, type Version } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import { copiesOf, type Repo, repo } from "../../support/repo";

const IMAGES = 12;

/** As many images, each added by a commit of its own. */
const images = copiesOf(() => {
  const made = repo();
  for (let image = 0; image < IMAGES; image++) {
    made.write(`app-${image}/Dockerfile`, "FROM scratch\n").add().commit(`Add ${image}`);
  }
  return made;
});

/** Many images of one program are answered together. */
describe("git, asked for many images at once", () => {
  const searchPath = process.env.PATH;
  let source: Repo;
  let bin: string;

  beforeEach(() => {
    source = images();
    // A git that counts how often it is called.
    bin = mkdtempSync(path.join(tmpdir(), "git-"));
    const git = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
    writeFileSync(path.join(bin, "git"), `#!/bin/sh\necho >> ${bin}/calls\nexec ${git} "$@"\n`, { mode: 0o755 });
    process.env.PATH = `${bin}:${searchPath}`;
  });

  afterEach(() => {
    process.env.PATH = searchPath;
    rmSync(bin, { recursive: true });
    source.dispose();
  });

  function calls(): number {
    const file = path.join(bin, "calls");
    const count = existsSync(file) ? readFileSync(file, "utf8").length : 0;
    rmSync(file, { force: true });
    return count;
  }

  const ask = (image: number) => readFacts({ context: source.path(`app-${image}`) });

  it("reads and writes a commit once for all images that are exported from it", async () => {
    for (let image = 0; image < IMAGES; image++) {
      source.write(`app-${image}/main`, `${image}`);
    }
    source.add().commit("All");
    const options = { debug: false, tagPolicy: TagPolicy.Commit, tagLength: 7 };
    const versions = await Promise.all(
      Array.from({ length: IMAGES }, async (_, image) => decideVersion(await ask(image), options)),
    );
    const into = versions.map((_, image) => path.join(bin, `export-${image}`));
    for (const directory of into) {
      mkdirSync(directory);
    }
    calls();
    await Promise.all(versions.map((version, image) => exportCommit(version, into[image] as string)));
    assert.equal(calls(), 5);
    assert.deepEqual(
      into.map((directory) => [readdirSync(directory), readFileSync(path.join(directory, "main"), "utf8")]),
      versions.map((_, image) => [["Dockerfile", "main"], `${image}`]),
    );
    assert.deepEqual(readdirSync(bin).sort(), [...versions.map((_, image) => `export-${image}`), "git"].sort());
  });

  it("writes at once what images are expected to want, though they come one after the other", async () => {
    for (let image = 0; image < IMAGES; image++) {
      source.write(`app-${image}/main`, `${image}`);
    }
    source.add().commit("All");
    const [root, commit] = [source.directory, source.head()];
    const versions = Array.from({ length: IMAGES }, (_, image) => ({
      ...{ root, commit, contexts: {} },
      ...{ context: `app-${image}`, files: image === 0 ? ["app-0", "app-1/main"] : [`app-${image}`] },
    }));
    const scratch = path.join(bin, "scratch-");
    const done = versions.map(expectExport);
    calls();
    const counts: number[] = [];
    for (const [image, version] of versions.entries()) {
      const into = path.join(bin, `late-${image}`);
      mkdirSync(into);
      await exportCommit(version, into, { scratch });
      assert.deepEqual(
        [readdirSync(into), readFileSync(path.join(into, "main"), "utf8")],
        [["Dockerfile", "main"], `${image}`],
      );
      await done[image]?.();
      counts.push(calls());
    }
    assert.deepEqual(counts, [5, ...Array.from({ length: IMAGES - 1 }, () => 0)]);
    assert.deepEqual(
      readdirSync(bin).filter((name) => name.startsWith("scratch-")),
      [],
    );
  });

  it("takes no files away from an image while it uses them, though all that were expected say that they are done", async () => {
    source.write("app-0/main", "0").add().commit("One");
    const shared = SharedCommit.of(source.directory, source.head());
    const done = [shared.expect(["app-0"]), shared.expect(["app-0"])];
    const file = await shared.use(["app-0"], path.join(bin, "scratch-"), async (_index, together) => {
      const directory = await together?.once(async (folder) => folder);
      assert.ok(directory);
      writeFileSync(path.join(directory, "main"), "0");
      await Promise.all(done.map((each) => each()));
      assert.equal(readFileSync(path.join(directory, "main"), "utf8"), "0");
      return path.join(directory, "main");
    });
    assert.equal(existsSync(file), false);
  });

  it("keeps nothing of images that were expected and did not come", async () => {
    source.write("app-0/main", "0").add().commit("One");
    const version = { root: source.directory, commit: source.head(), contexts: {}, context: "app-0", files: ["app-0"] };
    const [came, stayedAway] = [expectExport(version), expectExport({ ...version, files: ["app-1"] })];
    const into = path.join(bin, "came");
    mkdirSync(into);
    const scratch = path.join(bin, "scratch-");
    const left = () => readdirSync(bin).filter((name) => name.startsWith("scratch-")).length;
    await exportCommit(version, into, { scratch });
    await came();
    assert.equal(left(), 1);
    await stayedAway();
    assert.equal(left(), 0);
  });

  it("gives each image of a commit its own files, where they overlap, and its own errors", async () => {
    source
      .write("app-0/bin/run", "#!/bin/sh\n", 0o755)
      .link("app-0/main", "bin/run")
      .write("app-1/.gitattributes", "broken filter=none\n")
      .write("app-1/broken", "x\n")
      .write("app-2/main", "two\n");
    source.add().commit("All");
    source.git("config", "filter.none.smudge", "false");
    source.git("config", "filter.none.required", "true");
    const commit = source.head();
    const exported = (paths: string[], name: string) => {
      const into = path.join(bin, name);
      mkdirSync(into);
      const version = { root: source.directory, context: "", commit, files: paths } as Version;
      return exportCommit(version, into).then(() => readdirSync(into, { recursive: true }).map(String).sort());
    };
    const [zero, bins, two, broken] = await Promise.allSettled([
      exported(["app-0"], "zero"),
      exported(["app-0/bin", "app-2"], "bins"),
      exported(["app-2/main"], "two"),
      exported(["app-1"], "broken"),
    ]);
    const outcomeOf = (result: typeof zero) => (result.status === "fulfilled" ? result.value : String(result.reason));
    assert.deepEqual(outcomeOf(zero), ["app-0", "app-0/Dockerfile", "app-0/bin", "app-0/bin/run", "app-0/main"]);
    assert.deepEqual(outcomeOf(bins), [
      ...["app-0", "app-0/bin", "app-0/bin/run"],
      ...["app-2", "app-2/Dockerfile", "app-2/main"],
    ]);
    assert.deepEqual(outcomeOf(two), ["app-2", "app-2/main"]);
    assert.match(String(outcomeOf(broken)), /smudge filter none failed|external filter 'false' failed/);
    assert.equal(readlinkSync(path.join(bin, "zero/app-0/main")), "bin/run");
    assert.equal(statSync(path.join(bin, "bins/app-0/bin/run")).mode & 0o777, 0o755);

    // Without the broken one, all are written at once.
    calls();
    const again = await Promise.all([exported(["app-0"], "zero-2"), exported(["app-0/bin", "app-2"], "bins-2")]);
    assert.deepEqual(again, [outcomeOf(zero), outcomeOf(bins)]);
    assert.equal(calls(), 5);
    assert.equal(readlinkSync(path.join(bin, "zero-2/app-0/main")), "bin/run");
    assert.equal(statSync(path.join(bin, "bins-2/app-0/bin/run")).mode & 0o777, 0o755);
  });

  it("gives each the same answer as alone, with two calls of git more than for one", async () => {
    source.write("app-3/dirty", "x");
    const alone = [];
    for (let image = 0; image < IMAGES; image++) {
      alone.push(await ask(image));
    }
    calls();
    await ask(0);
    const one = calls();
    const together = await Promise.all(Array.from({ length: IMAGES }, (_, image) => ask(image)));
    const all = calls();
    assert.deepEqual(together, alone);
    assert.deepEqual(
      together.map(({ uncommitted }) => uncommitted.length),
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    // The walk needs two for all commits, and one more to describe them.
    assert.deepEqual({ one, all }, { one: 7, all: 9 });
  });

  it("lets one image's mistake stop no other", async () => {
    const [first, missing, outside, last] = [
      ask(0),
      readFacts({ context: source.path("none") }),
      readFacts({ context: source.path("app-1"), paths: ["../app-2"] }),
      ask(1),
    ];
    await errorOf("ContextNotFound", () => missing);
    await errorOf("InvalidArgument", () => outside);
    assert.equal((await first).context, "app-0");
    assert.equal((await last).context, "app-1");
  });
});
