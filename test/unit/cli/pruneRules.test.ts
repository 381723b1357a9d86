import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { readRules } from "../../../cli/prune/rulesFile";
import { type SettingsFlags, settingsOf } from "../../../cli/prune/settings";
import { apiServer, kubeconfigOf } from "../../support/apiServer";
import { errorOf } from "../../support/assertError";
import { fakeRegistries } from "../../support/fakeRegistry";
import { MemoryRegistry } from "../../support/memoryRegistry";
import { cli, cliJson, commands, labelsOf, repositories } from "./setup";

const DAY = 24 * 60 * 60 * 1000;
/** What a run does and how it shows it is said on the command line alone. */
const OF_A_RUN = ["--rules", "--delete", "--resume", "--plan-dir", "--verbose", "--json"];

describe("the rules of versioned-image prune", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "rules-"));
    file = path.join(folder, "prune.yaml");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  async function read(text: string) {
    writeFileSync(file, text);
    return readRules(file);
  }

  it("are those of the options, each of which has its key", async () => {
    const flags: Required<SettingsFlags> = {
      context: path.join(folder, "images/app"),
      path: ["src", "Dockerfile"],
      dockerfile: "Dockerfile",
      buildContext: { shared: path.join(folder, "shared"), base: "docker-image://a.example/b@sha256:0" },
      base: { BASE: [path.join(folder, "images/base")] },
      kubeconfig: [path.join(folder, "kube.yaml")],
      kubeContext: ["production", "staging"],
      namespace: ["web"],
      ignoreKind: ["Lease.coordination.k8s.io"],
      fetch: true,
      cluster: true,
      keepLast: 20,
      keepFor: 90 * DAY,
      keepRefs: ["main", "v*"],
      stack: ["dev", "production"],
    };
    const rules = `
context: images/app
fetch: true
repositories:
  - repository: gcr.io/my-project/simple
    context: images/app
    paths: [src, Dockerfile]
    dockerfile: Dockerfile
    buildContexts:
      shared: shared
      base: docker-image://a.example/b@sha256:0
    bases:
      BASE: images/base
keep:
  last: 20
  for: 90d
  refs: [main, "v*"]
stacks: [dev, production]
clusters:
  - kubeconfig: kube.yaml
    contexts: [production, staging]
    namespaces: [web]
    ignoreKinds: [Lease.coordination.k8s.io]
`;
    assert.deepEqual(await read(rules), settingsOf(["gcr.io/my-project/simple"], flags));
    const none = await read("repositories: [gcr.io/my-project/simple]\nclusters: none\ncontext: .\n");
    const noCluster: SettingsFlags = { cluster: false, context: folder };
    assert.deepEqual(none, settingsOf(["gcr.io/my-project/simple"], noCluster));
    const command = commands().commands.find((each) => each.name() === "prune");
    assert.deepEqual(
      command?.options
        .filter(({ long }) => !OF_A_RUN.includes(String(long)))
        .map((option) => option.attributeName())
        .sort(),
      Object.keys(flags).sort(),
    );
  });

  it("can differ by repository and by kind of branch and tag", async () => {
    const { repositories: found } = await read(`
repositories:
  - gcr.io/my-project/simple
  - repository: gcr.io/my-project/worker
    keep: {last: 3, branches: [main, "release/*"]}
  - repository: gcr.io/my-project/job
    keep: {refs: [stable], tags: ["v*"]}
keep:
  for: 1w
  tags: []
`);
    const forMs = 7 * DAY;
    assert.deepEqual(
      found.map(({ repository, image, keep }) => [repository, image, keep]),
      [
        ["gcr.io/my-project/simple", undefined, { last: 10, forMs, refs: { branches: ["*"], tags: [] } }],
        [
          "gcr.io/my-project/worker",
          undefined,
          { last: 3, forMs, refs: { branches: ["main", "release/*"], tags: ["*"] } },
        ],
        [
          "gcr.io/my-project/job",
          undefined,
          { last: 10, forMs, refs: { branches: ["stable"], tags: ["stable", "v*"] } },
        ],
      ],
    );
  });

  const ONE = "repositories: [gcr.io/p/app]\n";
  const wrong: [what: string, text: string, faults: string[]][] = [
    ["an empty file", "", ["1: the file is empty"]],
    ["a comment alone", "# later\n", ["1: the file is empty"]],
    ["a list", "- a\n", ["1: the file must have keys"]],
    ["no repository", "keep:\n  last: 3\n", ["1: repositories needs at least one entry"]],
    ["an empty list", "fetch: true\nrepositories: []\n", ["2: repositories needs at least one entry"]],
    [
      "an unknown key",
      `${ONE}keepLast: 3\n`,
      ["2: keepLast is not a known key; the keys are keep, context, fetch, repositories, clusters, stacks"],
    ],
    [
      "unknown keys within",
      `${ONE}keep:\n  last: 3\n  fro: 30d\nclusters:\n  - contexts: [a]\n    namespace: web\n`,
      [
        "4: fro is not a known key; the keys are last, for, refs, branches, tags",
        "7: namespace is not a known key; the keys are kubeconfig, contexts, namespaces, ignoreKinds",
      ],
    ],
    [
      "an option's name",
      `${ONE}delete: true\n`,
      ["2: delete is not a known key; the keys are keep, context, fetch, repositories, clusters, stacks"],
    ],
    [
      "keys that are numbers",
      `repositories:\n  - repository: gcr.io/p/app\n    context: a\n    buildContexts: {1.0: b}\n7: x\n`,
      ["4: each key must be a string: put it in quotes", "5: each key must be a string: put it in quotes"],
    ],
    ["a key twice", `${ONE}keep: {last: 3}\nkeep: {last: 4}\n`, ["3: Map keys must be unique"]],
    [
      "an indent that is wrong",
      `${ONE}keep:\n  last: 3\n for: 30d\n`,
      ["4: All mapping items must start at the same column"],
    ],
    ["a second document", `${ONE}---\n${ONE}`, ["2: a second document is not supported"]],
    ["an alias", `repositories: &all [gcr.io/p/app]\nstacks: *all\n`, ["2: aliases are not supported"]],
    ["a tag of YAML's", `${ONE}stacks: !mine [dev]\n`, ["2: Unresolved tag: !mine"]],
    ["a number that is a text", `${ONE}keep: {last: "3"}\n`, ["2: last must be a whole number"]],
    ["a number below 0", `${ONE}keep: {last: -1}\n`, ["2: last must be a whole number"]],
    ["a time without unit", `${ONE}keep: {for: 30}\n`, ["2: for must be a string: put it in quotes"]],
    ["a time of minutes", `${ONE}keep: {for: 30m}\n`, ["2: Use hours, days or weeks, such as 12h, 30d or 4w."]],
    ["one pattern for a list", `${ONE}keep: {tags: "v*"}\n`, ["2: tags must be a list"]],
    ["a list without items", `${ONE}keep:\n  tags:\n`, ["3: tags must be a list"]],
    ["a number among texts", `${ONE}stacks: [dev, 7]\n`, ["2: each of stacks must be a string: put it in quotes"]],
    ["yes for true", `${ONE}fetch: yes\n`, ["2: fetch must be true or false"]],
    ["nothing of keep", `${ONE}keep:\n`, ["2: keep must have keys"]],
    [
      "clusters by a word",
      `${ONE}clusters: all\n`,
      ["2: clusters must be a list, or none if no cluster uses these repositories"],
    ],
    [
      "no cluster in the list",
      `${ONE}clusters: []\n`,
      ["2: clusters needs at least one entry, or none if no cluster uses these repositories"],
    ],
    ["clusters without value", `${ONE}clusters:\n`, ["2: clusters must be a list"]],
    [
      "a cluster that is not named",
      `${ONE}clusters:\n  - namespaces: [web]\n`,
      ["3: a cluster must have a kubeconfig or contexts"],
    ],
    [
      "a repository without host",
      "repositories:\n  - gcr.io/p/app\n  - simple\n",
      [
        '3: "simple" does not name an image in a registry: it has no registry host: add one in front, for instance docker.io/library/simple for Docker Hub.',
      ],
    ],
    [
      "a repository twice",
      "repositories:\n  - gcr.io/p/app\n  - repository: gcr.io/p/app\n",
      ["3: gcr.io/p/app is listed twice"],
    ],
    ["an entry without repository", "repositories:\n  - context: app\n", ["2: repository is missing"]],
    [
      "paths of nothing",
      "repositories:\n  - repository: gcr.io/p/app\n    paths: [a]\n",
      ["2: paths, dockerfile, buildContexts and bases need context, the image's directory"],
    ],
  ];
  for (const [what, text, faults] of wrong) {
    it(`are refused with the line: ${what}`, async () => {
      const message = await errorOf("RulesInvalid", () => read(text));
      assert.deepEqual(message.split("\n"), [
        ...faults.map((each) => `${file}:${each}`),
        "Nothing was deleted. Fix the file.",
      ]);
    });
  }

  it("are refused if the file is not there, and beside options", async () => {
    const missing = await errorOf("RulesInvalid", () => readRules(file));
    assert.match(missing, /prune\.yaml can't be read: ENOENT/);
    writeFileSync(file, ONE);
    for (const [more, named] of [
      [["gcr.io/p/other"], "gcr.io/p/other"],
      [["--keep-last", "3"], "--keep-last"],
      [["--no-cluster"], "--no-cluster"],
      [["--path", "a", "--fetch"], "--path"],
    ] as [string[], string][]) {
      const { status, json } = await cliJson(["prune", ...more, "--rules", file, "--delete"]);
      assert.equal(status, 1);
      assert.deepEqual(json.error, {
        code: "InvalidArgument",
        message: `--rules ${file} can't be combined with ${named}. Put that into the file.`,
      });
    }
    const { status, err } = await cli(["prune"]);
    assert.deepEqual([status, err.split("\n")[0]], [2, "error: missing required argument 'repository'"]);
  });

  /** Two repositories of one host with four versions each; the first one is a tag's, the second one a branch's. */
  async function twoRepositories() {
    const made = withImage();
    const commits = [made.head()];
    for (const name of ["two", "three", "four"]) {
      made.write("images/app/main", name).add().commit(name);
      commits.push(made.head());
    }
    made.git("tag", "v1", String(commits[0]));
    made.git("branch", "feature", String(commits[1]));
    const [app, worker] = [new MemoryRegistry(), new MemoryRegistry()];
    for (const memory of [app, worker]) {
      for (const commit of commits) {
        memory.push(commit.slice(0, 7), labelsOf(made, commit, "images/app"), ["amd64"]);
      }
    }
    const registry = await start((seen) =>
      seen.url.startsWith("/v2/worker/") ? worker.answer("worker", seen) : app.answer("app", seen),
    );
    const numbers = (memory: MemoryRegistry) =>
      [...memory.tags.keys()].map((tag) => commits.findIndex((each) => each.startsWith(tag)));
    return { made, registry, app, worker, numbers, commits };
  }

  it("prune several repositories in one run, each by its own", async () => {
    const { made, registry, app, worker, numbers, commits } = await twoRepositories();
    const { host } = registry;
    const pods = [
      {
        metadata: { name: "a", namespace: "web" },
        spec: { containers: [{ name: "main", image: `${host}/worker:${commits[2]?.slice(0, 7)}` }] },
        status: { phase: "Pending" },
      },
    ];
    const server = await start(apiServer({ "v1/pods": pods }));
    writeFileSync(path.join(folder, "kube.yaml"), kubeconfigOf(server.host));
    const rules = `
context: ${made.directory}
repositories:
  - ${host}/app
  - repository: ${host}/worker
    keep: {last: 1, branches: []}
keep: {last: 0, for: 0h, tags: []}
clusters:
  - kubeconfig: kube.yaml
`;
    writeFileSync(file, rules);
    process.chdir(tmpdir());
    const dry = await cliJson(["prune", "--rules", file]);
    assert.equal(dry.status, 0, JSON.stringify(dry.json));
    assert.deepEqual([app.tags.size, worker.tags.size], [4, 4]);
    const { status, json } = await cliJson(["prune", "--rules", file, "--delete", "--resume"]);
    assert.equal(status, 0, JSON.stringify(json));
    assert.deepEqual(numbers(app), [1, 3]);
    assert.deepEqual(numbers(worker), [0, 2, 3]);
    assert.deepEqual(
      json.repositories.map(({ repository }: { repository: string }) => repository),
      [`${host}/app`, `${host}/worker`],
    );
  });

  it("delete nothing where one is not understood, or no cluster is named", async () => {
    const { made, registry, app, worker } = await twoRepositories();
    const rules = `context: ${made.directory}\nrepositories: [${registry.host}/app, ${registry.host}/worker]\n`;
    for (const [more, code] of [
      ["clusters: none\nkeep: {last: 0, for: 0h, braches: [main]}\n", "RulesInvalid"],
      ["keep: {last: 0, for: 0h}\n", "InvalidArgument"],
      ["clusters: [{kubeconfig: nowhere.yaml}]\n", "ClusterFailed"],
    ] as const) {
      writeFileSync(file, rules + more);
      const { status, json } = await cliJson(["prune", "--rules", file, "--delete"]);
      assert.deepEqual([status, json.error?.code], [1, code]);
    }
    assert.deepEqual([app.tags.size, worker.tags.size], [4, 4]);
  });
});
