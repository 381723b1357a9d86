import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { treeChecks } from "../../../cli/verify/imageChecks";
import { readOrigin } from "../../../cli/verify/origin";
import { openHistory } from "../../../components/git/lookup";
import { buildLabel } from "../../../components/version";
import { ABSENT, fakeRegistries } from "../../support/fakeRegistry";
import { LONG } from "../../support/long";
import { copiesOf, type Repo } from "../../support/repo";
import {
  BASES,
  BUILD,
  CONTEXT,
  cli,
  cliJson,
  DIRTY,
  DOCKERFILE,
  digestOf,
  imageRepository,
  labelsOf,
  PATHS,
  REVISION,
  repositories,
  type Shelved,
  shelf,
  sourceLabelsOf,
  TREE,
  treeOfPaths,
} from "./setup";

interface CheckJson {
  name: string;
  result: string;
  message: string;
  required: boolean;
}

/** images/app, made of lib as well, and images/base. */
const images = copiesOf(() =>
  imageRepository()
    .write("lib/a", "a\n")
    .write("images/app/part/Dockerfile", "FROM scratch\n")
    .write("images/base/Dockerfile", "FROM scratch\n")
    .write("images/base/x", "x\n")
    .add()
    .commit("Add lib and a base"),
);

/** What images say that they are made of: where to look, and no proof of anything. */
describe("what an image's labels name", () => {
  const { enter, keep } = repositories();
  const made: string[] = [];
  const start = fakeRegistries();

  afterEach(() => {
    for (const directory of made.splice(0)) {
      rmSync(directory, { recursive: true });
    }
  });

  const monorepo = () => enter(keep(images()));

  async function serving(...images: Shelved[]) {
    const registry = await start(shelf(images));
    return { ...registry, reference: `${registry.host}/app:${images[0]?.tags[0]}` };
  }

  async function checks(argv: string[]) {
    const { status, json } = await cliJson(["verify", ...argv]);
    assert.ok(json.checks, JSON.stringify(json));
    const found = json.checks as CheckJson[];
    return {
      status,
      of: (name: string) => {
        const check = found.find((each) => each.name === name);
        return check && `${check.result}: ${check.message}`;
      },
      results: found.map(({ name, result }) => `${name}: ${result}`),
    };
  }

  describe("is where verify looks", () => {
    it("so that an image of several paths needs no options", async () => {
      const made = monorepo();
      const commit = made.head();
      const labels = sourceLabelsOf(made, commit, "images/app", ["images/app", "lib"]);
      const { reference } = await serving({ tags: [commit.slice(0, 7)], labels });
      const { status, of, results } = await checks([reference]);
      assert.equal(status, 0);
      assert.deepEqual(results, [
        "digest: proven",
        "commit: proven",
        "time: proven",
        "tree: proven",
        "history: proven",
        "tag: proven",
        "content: unproven",
      ]);
      assert.equal(of("tree"), `proven: its tree ${labels[TREE]} is images/app, lib at that commit`);
      made.git("rm", "-r", "--quiet", "images");
      made.commit("All is gone");
      assert.equal((await checks([reference])).status, 0);
    });

    it("and nothing else: the commit must have the tree there", async () => {
      const made = monorepo();
      const commit = made.head();
      const right = sourceLabelsOf(made, commit, "images/app", ["images/app", "lib"]);
      for (const [changes, message] of [
        [{ [PATHS]: '["images/app"]' }, `but images/app at that commit is ${made.git("rev-parse", "HEAD:images/app")}`],
        [{ [PATHS]: '["images/app","nowhere"]' }, "but that commit does not have images/app, nowhere"],
        [{ [TREE]: made.git("rev-parse", "HEAD:images/base") }, `but images/app, lib at that commit is ${right[TREE]}`],
      ] as const) {
        const { reference } = await serving({ tags: ["t"], labels: { ...right, ...changes } });
        const { status, of } = await checks([reference]);
        assert.equal(status, 1);
        assert.ok(of("tree")?.startsWith("contradicted: ") && of("tree")?.endsWith(message), of("tree"));
      }
    });

    for (const [changes, message] of [
      [{ [CONTEXT]: "images/none" }, "that commit has no directory images/none"],
      [{ [DOCKERFILE]: "images/app/none" }, "there is no Dockerfile images/app/none among its files at that commit"],
      [
        { [DOCKERFILE]: "images/base/Dockerfile" },
        "there is no Dockerfile images/base/Dockerfile among its files at that commit",
      ],
      [
        { [BUILD]: "platform=linux/amd64 dockerfile=part/Dockerfile" },
        "another label says that its Dockerfile is part/Dockerfile in images/app",
      ],
    ] as const) {
      it(`and is contradicted where ${message}`, async () => {
        const made = monorepo();
        const labels = { ...sourceLabelsOf(made, made.head(), "images/app", ["images/app"]), ...changes };
        const { reference } = await serving({ tags: ["t"], labels });
        const { status, of } = await checks([reference]);
        assert.equal(status, 1);
        assert.equal(of("source"), `contradicted: its labels name what it was made of, but ${message}`);
      });
    }

    it("as if it were not there where it is broken, which is said", async () => {
      const made = monorepo();
      const labels = sourceLabelsOf(made, made.head(), "images/app", ["images/app"]);
      const { reference } = await serving({ tags: ["t"], labels: { ...labels, [PATHS]: '["../x"]' } });
      const { status, of } = await checks([reference]);
      assert.equal(status, 0);
      assert.equal(of("tree"), `proven: its tree ${labels[TREE]} is images/app at that commit`);
      assert.equal(of("source"), "unproven: the labels that name what it was made of are invalid and were ignored");
    });

    it("unless options say it, and what they say otherwise is told", async () => {
      const made = monorepo();
      const commit = made.head();
      const labels = sourceLabelsOf(made, commit, "images/app", ["images/app", "lib"]);
      const { reference } = await serving({ tags: ["t"], labels });
      const same = await checks([reference, "--context", "images/app", "--build-context", "lib=lib"]);
      assert.deepEqual([same.status, same.of("source")], [0, undefined]);
      const other = await checks([reference, "--context", "images/app"]);
      assert.equal(other.status, 1);
      assert.match(other.of("tree") ?? "", /^contradicted: .*, but images\/app at that commit is /);
      assert.equal(
        other.of("source"),
        "unproven: its labels say that it was made of images/app, lib (context images/app, Dockerfile images/app/Dockerfile), but " +
          "the options, which take precedence, say images/app (context images/app, Dockerfile images/app/Dockerfile)",
      );
      const lies = { ...labels, [PATHS]: '["images/base"]', [DOCKERFILE]: "images/base/Dockerfile" };
      const lying = await serving({ tags: ["t"], labels: lies });
      const told = await checks([lying.reference, "--context", "images/app", "--build-context", "lib=lib"]);
      assert.equal(told.status, 0);
      assert.match(told.of("source") ?? "", /^unproven: its labels say that it was made of images\/base /);
    });

    it("whatever the claim, it proves only what git has", async () => {
      const made = monorepo();
      const commit = made.head();
      const history = await openHistory(".");
      const places = [
        ".",
        "images",
        "images/app",
        "images/app/main",
        "images/app/part",
        "images/base",
        "lib",
        "lib/a",
        "none",
      ];
      const claim = fc.uniqueArray(fc.constantFrom(...places), { minLength: 1, maxLength: 3 });
      const trees = new Map(
        [["images/app"], ["images/app", "lib"], ["images/app", "images/base"]].map((paths) => [
          paths.length === 1 ? made.git("rev-parse", `HEAD:${paths[0]}`) : treeOfPaths(made, commit, paths),
          paths.join(", "),
        ]),
      );
      const outcomes = { proven: 0, other: 0 };
      await fc.assert(
        fc.asyncProperty(
          claim,
          claim,
          fc.constantFrom(...trees.keys()),
          fc.boolean(),
          async (paths, covers, tree, based) => {
            const labels = {
              [REVISION]: commit,
              [TREE]: tree,
              [CONTEXT]: "images/app",
              [PATHS]: JSON.stringify(paths),
              [DOCKERFILE]: "images/app/Dockerfile",
              [BASES]: based ? JSON.stringify({ BASE: { reference: "r", covers } }) : "",
            };
            const origin = await readOrigin(history, labels, undefined);
            const [check] = treeChecks({ labels, origin } as unknown as Parameters<typeof treeChecks>[0]);
            // As anybody would say it: none within another, in git's order.
            const all = [...new Set([...paths, ...(based ? covers : [])])].sort();
            const covered = all.filter((each) => !all.some((other) => other === "." || each.startsWith(`${other}/`)));
            const isSo = (all.includes(".") ? "." : covered.join(", ")) === trees.get(tree);
            assert.equal(check?.result, isSo ? "proven" : "contradicted", JSON.stringify(labels));
            outcomes[isSo ? "proven" : "other"]++;
          },
        ),
        { numRuns: LONG ? 60 : 20, examples: [[["images/app"], ["lib"], [...trees.keys()][1] ?? "", true]] },
      );
      assert.ok(outcomes.proven > 0 && outcomes.other > 0, JSON.stringify(outcomes));
    });
  });

  describe("as an image that it is built on", () => {
    const LAYERS = ["sha256:base1", "sha256:base2"];

    /** An image on a base, in one registry; `changes` are of the base. */
    async function based(
      made: Repo,
      changes: Partial<Shelved> & { named?: string; host?: string } = {},
      { build, created }: { build?: string; created?: string } = {},
    ) {
      const commit = made.head();
      const base: Shelved = {
        repository: "base",
        tags: ["1111111"],
        labels: sourceLabelsOf(made, commit, "images/base", ["images/base"]),
        layers: LAYERS,
        ...changes,
      };
      const first = await start(shelf([base]));
      const digest = await digestOf(first, "1111111", base.repository);
      let images: Shelved[] = [];
      const registry = await start((seen) => shelf(images)(seen));
      const reference = changes.named ?? `${changes.host ?? registry.host}/base:1111111@${digest}`;
      const labels = sourceLabelsOf(made, commit, "images/app", ["images/app"], {
        BASE: { reference, covers: ["images/base"] },
      });
      const layers = [...LAYERS, "sha256:own"];
      images = [{ tags: ["t"], labels: { ...labels, [BUILD]: build ?? "" }, layers, created }, base];
      return { registry, first, reference: `${registry.host}/app:t`, base: reference, digest };
    }

    const treeOf = (made: Repo) => made.git("rev-parse", "HEAD:images/base");

    it("is proven where it is the version that the commit had", async () => {
      const made = monorepo();
      const { reference, base } = await based(made);
      const { status, of } = await checks([reference]);
      assert.equal(status, 0);
      assert.match(of("tree") ?? "", /is images\/app, images\/base at that commit$/);
      assert.equal(
        of("base"),
        `proven: BASE is ${base}, whose tree ${treeOf(made)} is images/base at the image's commit; its layers ` +
          "are the first of the image",
      );
    });

    it("is contradicted where it is another version, a debug image or no version at all", async () => {
      const made = monorepo();
      made.write("images/base/x", "y\n").add().commit("Touch the base");
      const older = made.git("rev-parse", "HEAD~1");
      const now = sourceLabelsOf(made, made.head(), "images/base", ["images/base"]);
      for (const [labels, message] of [
        [
          labelsOf(made, older, "images/base"),
          `has tree ${made.git("rev-parse", "HEAD~1:images/base")}, but images/base at the image's commit is ${treeOf(made)}`,
        ],
        [{ ...now, [DIRTY]: "false" }, "is a debug image"],
        [{}, `has no label ${TREE}, so what it was made of is unknown`],
      ] as const) {
        const { reference, base } = await based(made, { labels });
        const { status, of } = await checks([reference]);
        assert.equal(status, 1);
        assert.equal(of("base"), `contradicted: BASE is ${base}, which ${message}`);
      }
    });

    it("need not be below all of it: a stage can be built on it", async () => {
      const made = monorepo();
      const { reference } = await based(made, { layers: ["sha256:base2", "sha256:base1"] });
      const { status, of } = await checks([reference]);
      assert.equal(status, 0);
      assert.match(
        of("base") ?? "",
        /^unproven: .*; its layers are not the first of the image \(perhaps only a stage is built on it\)$/,
      );
    });

    it("is looked at in the image's own registry alone, unless another place is named", async () => {
      const made = monorepo();
      const elsewhere = await start(() => ({ status: 500 }));
      const { first, reference, base, digest } = await based(made, { host: elsewhere.host });
      const { status, of } = await checks([reference]);
      assert.equal(status, 0);
      assert.equal(
        of("base"),
        `unproven: BASE is ${base}, which was not checked: ${elsewhere.host} is not the registry of this image: ` +
          "name its repository with --base-repository",
      );
      const named = await checks([
        reference,
        "--base-repository",
        `${first.host}/none`,
        "--base-repository",
        `${first.host}/base`,
      ]);
      assert.equal(named.status, 0);
      assert.match(named.of("base") ?? "", /^proven: /);
      const lacking = await checks([reference, "--base-repository", `${first.host}/none`]);
      assert.equal(lacking.status, 1);
      assert.ok(lacking.of("base")?.endsWith(`which was not checked: no such image in ${first.host}/none`));
      assert.equal(first.requests.filter((request) => request.includes(digest)).length > 0, true);
      assert.deepEqual(elsewhere.requests, []);
    });

    for (const named of [
      "",
      "nothing",
      "h.example/base:1",
      "h.example/base@sha256:1",
      "../../x@sha256:",
      "http://h.example/",
    ]) {
      it(`is not looked at where its label says ${JSON.stringify(named)}`, async () => {
        const made = monorepo();
        const { reference } = await based(made, { named });
        const { status, of } = await checks([reference]);
        assert.equal(status, 0);
        assert.equal(of("base"), `unproven: BASE is ${named || "unknown"}, which was not checked: it has no digest`);
      });
    }

    for (const [what, status, message] of [
      ["has it no more", 404, /: no such image in 127\.0\.0\.1:\d+\/base$/],
      ["does not let it be read", 403, /: .* \[RegistryUnauthorized\]$/],
    ] as const) {
      it(`is said to be not looked at where its registry ${what}`, async () => {
        const made = monorepo();
        const digest = `sha256:${"0".repeat(64)}`;
        let images: Shelved[] = [];
        const refusal = status === 404 ? ABSENT : { status, body: {} };
        const { host } = await start((seen) => shelf(images, { [`/v2/base/manifests/${digest}`]: refusal })(seen));
        const bases = { BASE: { reference: `${host}/base:1@${digest}`, covers: ["images/base"] } };
        images = [{ tags: ["t"], labels: sourceLabelsOf(made, made.head(), "images/app", ["images/app"], bases) }];
        const open = await checks([`${host}/app:t`]);
        assert.equal(open.status, 0);
        assert.match(open.of("base") ?? "", /^unproven: /);
        assert.match(open.of("base") ?? "", message);
        const asked = await checks([`${host}/app:t`, "--base-repository", `${host}/base`]);
        assert.equal(asked.status, 1);
        assert.match(asked.of("base") ?? "", message);
      });
    }

    /** A docker that says what it was asked for, and builds nothing. */
    function fakeDocker(): { env: NodeJS.ProcessEnv; asked(): string[] } {
      const bin = mkdtempSync(path.join(tmpdir(), "docker-"));
      made.push(bin);
      const file = path.join(bin, "asked");
      writeFileSync(path.join(bin, "docker"), `#!/bin/sh\nprintf '%s\\n' "$@" > ${file}\nexit 1\n`, { mode: 0o755 });
      return {
        env: { PATH: `${bin}:${process.env.PATH}` },
        asked: () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []),
      };
    }

    const BUILT = { created: "1980-01-01T00:00:01Z" };

    /** The build label of an image on a base, as the component writes it. */
    const buildOn = (covers: string[], dockerfile = "Dockerfile") =>
      buildLabel({ platforms: ["linux/amd64"], dockerfile, args: {}, contexts: {}, bases: { BASE: covers } });

    it("is what it is built on again, by argument and named context, where the labels are all that is said", async () => {
      const source = monorepo();
      const docker = fakeDocker();
      const { reference, base } = await based(source, {}, { ...BUILT, build: buildOn(["images/base"]) });
      const { json } = await cliJson(["verify", reference, "--rebuild"], { env: docker.env });
      assert.equal(json.error.code, "RebuildFailed");
      const asked = docker.asked();
      assert.equal(asked[asked.indexOf(`BASE=${base}`) - 1], "--build-arg");
      assert.equal(asked[asked.indexOf(`base=docker-image://${base}`) - 1], "--build-context");
    });

    it("is not built on again where it was not looked at, or is another version", async () => {
      const source = monorepo();
      const docker = fakeDocker();
      const build = { ...BUILT, build: buildOn(["images/base"]) };
      for (const [changes, why] of [
        [{ host: "h.example" }, "which was not checked: h.example is not the registry of this image"],
        [{ labels: {} }, "which has no label dev.versioned-image.tree"],
      ] as const) {
        const { reference } = await based(source, changes, build);
        const { status, json } = await cliJson(["verify", reference, "--rebuild"], { env: docker.env });
        assert.equal(status, 1);
        const content = (json.checks as CheckJson[]).find(({ name }) => name === "content");
        assert.ok(content?.message.startsWith("its base image is unknown: BASE is "), content?.message);
        assert.ok(content?.message.includes(why), content?.message);
        assert.equal(content?.required, true);
      }
      assert.deepEqual(docker.asked(), []);
    });

    it("is pulled from the place that is named", async () => {
      const source = monorepo();
      const docker = fakeDocker();
      const changes = { host: "h.example" };
      const { first, reference, digest } = await based(source, changes, { ...BUILT, build: buildOn(["images/base"]) });
      const place = ["--base-repository", `${first.host}/base`];
      await cli(["verify", reference, "--rebuild", ...place], { env: docker.env });
      assert.ok(docker.asked().includes(`BASE=${first.host}/base@${digest}`), docker.asked().join(" "));
    });

    it("goes with the options, where they say what it is made of", async () => {
      const source = monorepo();
      const docker = fakeDocker();
      const { reference } = await based(source, {}, { ...BUILT, build: buildOn(["images/base"]) });
      const named = ["verify", reference, "--rebuild", "--context", "images/app"];
      await cli([...named, "--base", "BASE=images/base"], { env: docker.env });
      assert.ok(docker.asked().length > 0);
      const { json } = await cliJson(["verify", reference, "--base", "BASE=images/base"]);
      assert.equal(json.error.code, "InvalidArgument");
    });
  });

  describe("is what other commands take", () => {
    it("tags lists it", async () => {
      const made = monorepo();
      const commit = made.head();
      const older = made.git("rev-parse", "HEAD~1");
      const { host } = await serving(
        { tags: ["new"], labels: sourceLabelsOf(made, commit, "images/app", ["images/app", "lib"]) },
        { tags: ["old"], labels: sourceLabelsOf(made, older, "images/app", ["images/app"]) },
      );
      const { json } = await cliJson(["tags", `${host}/app`]);
      assert.deepEqual(
        json.images.map(({ madeOf }: { madeOf: unknown }) => madeOf),
        [
          {
            context: "images/app",
            files: ["images/app", "lib"],
            dockerfile: "images/app/Dockerfile",
            bases: {},
            paths: ["images/app", "lib"],
          },
          {
            context: "images/app",
            files: ["images/app"],
            dockerfile: "images/app/Dockerfile",
            bases: {},
            paths: ["images/app"],
          },
        ],
      );
      const { out } = await cli(["tags", `${host}/app`]);
      assert.match(out, /\nTheir labels name different paths: images\/app, lib; images\/app\.\n/);
    });

    it("provenance tells it", async () => {
      const made = monorepo();
      const labels = sourceLabelsOf(made, made.head(), "images/app", ["images/app", "lib"]);
      const { reference } = await serving({ tags: [made.head().slice(0, 7)], labels });
      const { status, out } = await cli(["provenance", reference]);
      assert.equal(status, 0);
      const { context, paths, dockerfile } = JSON.parse(out).buildDefinition.externalParameters;
      assert.deepEqual([context, paths, dockerfile], ["images/app", ["images/app", "lib"], "images/app/Dockerfile"]);
    });

    /** The versions of images/app with lib and a base, of which HEAD has the last, and another file after that. */
    async function versions() {
      const made = monorepo();
      const commits = [made.head()];
      for (const [file, content] of [
        ["lib/a", "b\n"],
        ["images/base/x", "y\n"],
      ] as const) {
        commits.push(made.write(file, content).add().commit(`Touch ${file}`).head());
      }
      made.write("elsewhere", "x").add().commit("Elsewhere");
      const bases = { BASE: { reference: "h.example/base:1@sha256:d", covers: ["images/base"] } };
      const images = commits.map((commit) => ({
        tags: [commit.slice(0, 7)],
        labels: sourceLabelsOf(made, commit, "images/app", ["images/app", "lib"], bases),
      }));
      return { made, images, tags: commits.map((commit) => commit.slice(0, 7)) };
    }

    const FLAGS = ["--keep-last", "0", "--keep-for", "0h", "--no-cluster"];

    async function pruned(images: Shelved[]): Promise<Map<string, [boolean, string[]]>> {
      const { host } = await start(shelf(images));
      const { json } = await cliJson(["prune", `${host}/app`, ...FLAGS]);
      const [{ tags }] = json.repositories;
      return new Map(
        tags.map(({ tag, stays, reasons }: { tag: string; stays: boolean; reasons: { rule: string }[] }) => [
          tag,
          [stays, reasons.map(({ rule }) => rule)],
        ]),
      );
    }

    it("prune knows versions of several paths by it, and keeps what a branch has", async () => {
      const { images, tags } = await versions();
      const found = await pruned(images);
      assert.deepEqual(
        tags.map((tag) => found.get(tag)),
        [
          [false, []],
          [false, []],
          [true, ["ref"]],
        ],
      );
    });

    it("prune keeps what git does not bear out, and the version of a file that a branch has", async () => {
      const { made, images, tags } = await versions();
      const [first = "", second = ""] = tags;
      const [old] = images;
      assert.ok(old);
      const file = "images/app/main";
      const touched = made.git("rev-list", "-1", "HEAD", "--", file);
      const found = await pruned([
        { tags: [first], labels: { ...old.labels, [PATHS]: '["images/app"]' } },
        { tags: [second], labels: { ...images[1]?.labels, [BASES]: "{" } },
        {
          tags: [touched.slice(0, 8)],
          labels: {
            ...labelsOf(made, touched, "images/app"),
            [TREE]: treeOfPaths(made, touched, [file]),
            [CONTEXT]: "images/app",
            [PATHS]: JSON.stringify([file]),
            [DOCKERFILE]: file,
          },
        },
      ]);
      assert.deepEqual(
        [first, second, touched.slice(0, 8)].map((tag) => found.get(tag)),
        [
          [true, ["unknown"]],
          [true, ["unknown"]],
          [true, ["ref"]],
        ],
      );
    });
  });
});
