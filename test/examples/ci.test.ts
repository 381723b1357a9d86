import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { readRules } from "../../cli/prune/rulesFile";
import { run } from "../../cli/run";
import { readFacts } from "../../components/git";
import { decideVersion, TagPolicy } from "../../components/version";
import { apiServer, kubeconfigOf } from "../support/apiServer";
import { errorOf } from "../support/assertError";
import { ABSENT, fakeRegistries } from "../support/fakeRegistry";
import { MemoryRegistry } from "../support/memoryRegistry";
import { GIT_ENV, type Repo, repo } from "../support/repo";
import { commands } from "../unit/cli/setup";

const CI = path.resolve(__dirname, "../../examples/ci");
const read = (name: string) => parse(readFileSync(path.join(CI, name), "utf8"));

/** All texts in what YAML says. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The words of each call of `versioned-image`, without the shell's quotes. */
function callsIn(name: string): string[][] {
  const lines = textsIn(read(name)).flatMap((text) => text.split("\n"));
  return lines.flatMap((line) => {
    const [, call] = /^node_modules\/\.bin\/versioned-image (.*)$/.exec(line) ?? [];
    return call === undefined ? [] : [call.split(" ").map((word) => word.replace(/^"(.*)"$/, "$1"))];
  });
}

/** The recipes' git part, on clones as those services make them. */
describe("the recipes for CI", () => {
  let origin: Repo;
  let expected: string;
  const clones: Repo[] = [];
  const saved = { ...process.env };

  beforeEach(() => {
    Object.assign(process.env, GIT_ENV);
    origin = repo().write("app/Dockerfile", "FROM scratch\n").add().commit("Begin");
    origin.write("app/main", "one\n").add().commit("One");
    expected = origin.head().slice(0, 7);
    origin.write("elsewhere", "x").add().commit("Elsewhere").write("elsewhere", "y").add().commit("Elsewhere again");
    origin.git("config", "uploadpack.allowFilter", "true");
  });

  afterEach(() => {
    for (const clone of clones.splice(0)) {
      clone.dispose();
    }
    origin.dispose();
    for (const name of Object.keys(process.env)) {
      delete process.env[name];
    }
    Object.assign(process.env, saved);
  });

  function clone(...options: string[]): Repo {
    const made = origin.clone(...options);
    clones.push(made);
    return made;
  }

  async function tagIn(repository: Repo): Promise<string> {
    const facts = await readFacts({ context: repository.path("app") });
    return decideVersion(facts, { debug: false, tagPolicy: TagPolicy.Commit, tagLength: 7 }).tag;
  }

  it("GitHub Actions: the whole history without the files of old commits", async () => {
    for (const [name, events] of [
      ["github-actions.yml", ["pull_request", "push"]],
      ["github-actions-publish.yml", ["pull_request", "push", "release"]],
    ] as const) {
      const { on, jobs } = read(name);
      assert.deepEqual(Object.keys(on), events);
      for (const { steps } of Object.values(jobs) as { steps: { uses?: string; with?: Record<string, unknown> }[] }[]) {
        const checkout = steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
        assert.deepEqual([checkout?.with?.["fetch-depth"], checkout?.with?.filter], [0, "blob:none"]);
      }
    }
    assert.equal(await tagIn(clone("--filter=blob:none")), expected);
  });

  it("GitHub Actions: the pull request's own commit, and not the merge that is made for the run", async () => {
    for (const name of ["github-actions.yml", "github-actions-publish.yml"]) {
      const checkout = read(name).jobs.preview.steps[0];
      assert.equal(checkout.with.ref, `\${{ github.event.pull_request.head.sha }}`);
    }
    origin.git("switch", "--quiet", "-c", "feature", "HEAD~1");
    origin.write("app/feature", "x").add().commit("Feature");
    const own = origin.head().slice(0, 7);
    origin.git("switch", "--quiet", "main");
    origin.write("app/main", "two\n").add().commit("Two");
    origin.git("merge", "--quiet", "-m", "Merge", "feature");
    const merge = origin.head();
    const made = clone();
    assert.equal(await tagIn(made), merge.slice(0, 7));
    made.git("checkout", "--quiet", "origin/feature");
    assert.equal(await tagIn(made), own);
  });

  it("GitLab CI: the whole history", async () => {
    const { variables, update } = read("gitlab-ci.yml");
    assert.deepEqual([variables.GIT_DEPTH, read("gitlab-ci-publish.yml").variables.GIT_DEPTH], [0, 0]);
    assert.deepEqual(update.script, ['pulumi up --stack "my-org/$STACK" --yes --non-interactive']);
    assert.equal(await tagIn(clone()), expected);
    await errorOf("ShallowHistory", () => tagIn(clone("--depth=1")));
  });

  it("Google Cloud Build: a clone of one commit, and what its first step makes of it", async () => {
    const [history] = read("cloudbuild.yaml").steps;
    for (const name of ["cloudbuild-publish.yaml", "cloudbuild-promote.yaml"]) {
      assert.deepEqual(read(name).steps[0], history);
    }
    const made = clone("--depth=1");
    await errorOf("ShallowHistory", () => tagIn(made));
    // Twice: what is whole already stays so.
    for (const _ of [1, 2]) {
      execFileSync(history.entrypoint, history.args, { cwd: made.directory, env: GIT_ENV, stdio: "pipe" });
      assert.equal(await tagIn(made), expected);
    }
  });

  it("are all listed in the docs", () => {
    const page = readFileSync(path.resolve(CI, "../../docs/ci.md"), "utf8");
    const listed = [...page.matchAll(/\(\.\.\/examples\/ci\/([\w.-]+)\)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(listed)].sort(), readdirSync(CI).sort());
  });

  for (const [name, expected] of Object.entries({
    "cloudbuild.yaml": [],
    "cloudbuild-promote.yaml": ["copy"],
    "cloudbuild-publish.yaml": ["publish"],
    "github-actions.yml": [],
    "github-actions-prune.yml": ["prune"],
    "github-actions-publish.yml": ["publish", "copy"],
    "gitlab-ci.yml": [],
    "gitlab-ci-prune.yml": ["prune"],
    "gitlab-ci-publish.yml": ["publish", "copy"],
  })) {
    it(`${name}: the command line takes what it says`, async () => {
      const taken: string[] = [];
      for (const call of callsIn(name)) {
        const program = commands();
        for (const command of program.commands) {
          command.action(() => {
            taken.push(command.name());
          });
        }
        await program.parseAsync(call, { from: "user" });
      }
      assert.deepEqual(taken, expected);
    });
  }

  describe("that publish", () => {
    const IDENTITY = ["--certificate-identity", "me", "--certificate-oidc-issuer", "issuer"];
    const KEY = ["--key", "key"];
    const last = (texts: string[]) => texts.find((text) => text.includes("cosign sign")) ?? "";
    // Cloud Build's own variables have one $ and the shell's two.
    const cloudBuild = last(textsIn(read("cloudbuild-publish.yaml"))).replaceAll("$$", "$");

    for (const [service, script, verify, sign] of [
      ["GitHub Actions", last(textsIn(read("github-actions-publish.yml"))), IDENTITY, []],
      ["GitLab CI", last(textsIn(read("gitlab-ci-publish.yml"))), IDENTITY, []],
      ["Google Cloud Build", cloudBuild.slice(cloudBuild.indexOf("node -p ")), KEY, KEY],
    ] as const) {
      it(`${service}: sign all that is published and has no signature yet`, () => {
        const made = clone();
        const reference = (name: string) => `registry.example/${name}:88d38d9@sha256:${"0".repeat(64)}`;
        const image = (name: string) => ({ context: name, name, reference: reference(name) });
        const error = { code: "BuildFailed", message: "…" };
        const images = [image("signed"), { context: "failed", name: "failed", error }, image("new"), image("last")];
        made.write("images.json", JSON.stringify({ dryRun: false, images }));
        const fake = `#!/bin/sh\necho "$@" >> calls\ncase "$@" in verify*/signed:*|sign*$CAN_SIGN*) ;; *) exit 1 ;; esac\n`;
        made.write("bin/cosign", fake, 0o755);
        const run = (canSign: string) =>
          spawnSync("bash", ["--norc", "-eo", "pipefail", "-c", script], {
            cwd: made.directory,
            env: {
              ...{ PATH: `${made.path("bin")}:${path.dirname(process.execPath)}:${process.env.PATH}` },
              ...{ IDENTITY: "me", ISSUER: "issuer", _KEY: "key", CAN_SIGN: canSign },
            },
            encoding: "utf8",
          });
        const done = run("registry.example");
        assert.deepEqual([done.status, done.stdout, done.stderr], [0, "", ""]);
        const call = (...words: string[]) => `${words.join(" ")}\n`;
        assert.equal(
          readFileSync(made.path("calls"), "utf8"),
          call("verify", ...verify, reference("signed")) +
            call("verify", ...verify, reference("new")) +
            call("sign", "--yes", ...sign, reference("new")) +
            call("verify", ...verify, reference("last")) +
            call("sign", "--yes", ...sign, reference("last")),
        );
        made.remove("calls");
        assert.equal(run("nothing").status, 1);
        assert.equal(readFileSync(made.path("calls"), "utf8").includes("/last:"), false);
      });
    }

    it("preview without a registry, since nobody has published what a pull request changes", () => {
      const steps = read("github-actions-publish.yml").jobs.preview.steps;
      assert.equal(steps.at(-1).env.VERSIONED_IMAGE_OFFLINE, "1");
      assert.equal(read("gitlab-ci-publish.yml").preview.variables.VERSIONED_IMAGE_OFFLINE, "1");
    });
  });

  describe("that prune each night", () => {
    const start = fakeRegistries();

    it("have rules that are understood", async () => {
      const { context, fetch, repositories, clusters, stacks } = await readRules(path.join(CI, "prune.yaml"));
      const refs = { branches: ["main", "release/*"], tags: ["v*"] };
      const keep = { last: 10, forMs: 30 * 24 * 60 * 60 * 1000, refs };
      assert.deepEqual([context, fetch, stacks], [CI, true, ["staging", "production"]]);
      assert.deepEqual(repositories, [
        { repository: "registry.example/shop/web", image: undefined, keep },
        { repository: "registry.example/shop/worker", image: undefined, keep: { ...keep, last: 3 } },
      ]);
      const kubeContext = ["staging", "production"];
      assert.deepEqual(clusters, [{ kubeconfig: [], kubeContext, namespaces: [], ignoredKinds: [] }]);
    });

    for (const [service, name, options] of [
      ["GitHub Actions", "github-actions-prune.yml", ["--filter=blob:none"]],
      ["GitLab CI", "gitlab-ci-prune.yml", []],
    ] as const) {
      it(`${service}: end what was interrupted, and ask their contexts`, async () => {
        const recipe = read(name);
        const [script, depth] =
          service === "GitLab CI"
            ? [recipe.prune.script.join("\n"), recipe.prune.variables.GIT_DEPTH]
            : [
                recipe.jobs.prune.steps.map(({ run: line = "" }) => line).join("\n"),
                recipe.jobs.prune.steps[0].with["fetch-depth"],
              ];
        assert.equal(depth, 0);
        const [, command = ""] = /^node_modules\/\.bin\/versioned-image (.*)$/m.exec(script) ?? [];
        assert.equal(command, "prune --rules prune.yaml --delete --resume --plan-dir .prune");

        const memory = new MemoryRegistry();
        const created = { "org.opencontainers.image.created": "2024-01-01T00:00:00Z" };
        for (const tag of ["scratch-staging-0123456789ab", "scratch-gone-0123456789ab"]) {
          memory.push(tag, { ...created, tag }, ["amd64"]);
        }
        const registry = await start((seen) =>
          seen.url.startsWith("/v2/shop/web/") ? memory.answer("shop/web", seen) : ABSENT,
        );
        const cluster = await start(apiServer({}));
        const made = clone(...options);
        const rules = readFileSync(path.join(CI, "prune.yaml"), "utf8").replaceAll("registry.example", registry.host);
        made.write("prune.yaml", rules);
        const config = JSON.parse(kubeconfigOf(cluster.host, "production"));
        config.contexts.push({ name: "staging", context: { cluster: "production", user: "me" } });
        made.write("kubeconfig", JSON.stringify(config));
        process.env.KUBECONFIG = made.path("kubeconfig");
        const folder = process.cwd();
        process.chdir(made.directory);
        let out = "";
        try {
          const io = { out: (text: string) => (out += text), err: (text: string) => (out += text) };
          const rest = { input: async () => "", color: false, terminal: false, env: { DOCKER_CONFIG: "/nonexistent" } };
          assert.equal(await run(command.split(" "), { ...io, ...rest, now: () => new Date() }), 0, out);
        } finally {
          process.chdir(folder);
        }
        assert.ok(out.includes("Running images are from staging, production, in all namespaces."), out);
        assert.deepEqual([...memory.tags.keys()], ["scratch-staging-0123456789ab"]);
        assert.deepEqual(readdirSync(made.path(".prune")), []);
      });
    }
  });

  it("what a cluster asks for is YAML", () => {
    const admission = path.resolve(CI, "../admission");
    const kinds = ["sigstore.yaml", "binary-authorization.yaml"].map((name) => {
      const { kind, gkePolicy } = parse(readFileSync(path.join(admission, name), "utf8"));
      return kind ?? Object.keys(gkePolicy)[0];
    });
    assert.deepEqual(kinds, ["ClusterImagePolicy", "checkSets"]);
  });
});
