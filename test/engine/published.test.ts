import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import * as path from "node:path";
import {
  changes,
  cloneUnder,
  errorsOn,
  type Image,
  imageConfig,
  imageProject,
  imageStack,
  infoOn,
  succeeded,
  warningsOn,
} from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** A production tag means one commit, one content, for ever. The numbers are those of the promises in the README. */
describe("a production tag", () => {
  const disposables: (() => void)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  function project(files?: Record<string, string>): Repo {
    return track(imageProject(files));
  }

  function track(repository: Repo): Repo {
    disposables.push(() => repository.dispose());
    return repository;
  }

  function stackOf(...args: Parameters<typeof imageStack>): TestStack {
    const stack = imageStack(...args);
    disposables.push(() => stack.forget());
    return stack;
  }

  function refused(result: Result, resource: string, message: RegExp): void {
    assert.equal(result.succeeded, false, result.text);
    const errors = errorsOn(result, resource);
    assert.equal(errors.length, 1, result.text);
    assert.match(errors[0] ?? "", message);
  }

  const noDocker = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };

  it("costs one request in a preview and in an update that change nothing, and no file", async () => {
    const [source, repository] = [project(), registry.repository("cost")];
    const stack = stackOf(source, { repository });
    const { tag } = succeeded(await stack.up());
    const staged = () =>
      execFileSync("find", [path.join(source.directory, ".versioned-image"), "-printf", "%P %i %s %T@ %C@\n"], {
        encoding: "utf8",
      });
    const [asked, files] = [registry.requestsTo(repository).length, staged()];
    for (const run of [() => stack.preview(), () => stack.up()]) {
      const before = registry.requestsTo(repository).length;
      assert.deepEqual(changes(await run()), {});
      assert.deepEqual(registry.requestsTo(repository).slice(before), [`HEAD manifests/${tag}`]);
      assert.equal(staged(), files);
    }
    assert.ok(asked > 1);
  });

  it("moves the tags of alsoTag when another version is used, forward and back, and not otherwise", async () => {
    const [source, repository] = [project(), registry.repository("also")];
    const stack = stackOf(source, { repository, alsoTag: ["latest"], tagPrefix: "git-" });
    const first = succeeded(await stack.up());
    assert.equal(first.tag, `git-${source.head().slice(0, 7)}`);
    assert.deepEqual(await registry.tags(repository), [first.tag, "latest"]);
    assert.equal(await registry.digest(`${repository}:latest`), first.digest);
    const asked = registry.requestsTo(repository).length;
    assert.deepEqual(changes(await stack.up()), {});
    assert.deepEqual(registry.requestsTo(repository).slice(asked), [`HEAD manifests/${first.tag}`]);

    source.write("app/main", "two\n").add().commit("Two");
    const preview = await stack.preview();
    assert.equal(preview.succeeded, true, preview.text);
    assert.equal(await registry.digest(`${repository}:latest`), first.digest);
    const changed = `1 commit since ${first.tag}:\n  ${source.head().slice(0, 7)} Two (Ada)`;
    const updated = await stack.up();
    const second = succeeded(updated);
    for (const result of [preview, updated]) {
      assert.ok(infoOn(result, "app").includes(`app: ${second.tag}: ${changed}`), infoOn(result, "app").join("\n"));
    }
    assert.equal(await registry.digest(`${repository}:latest`), second.digest);
    const two = source.head().slice(0, 7);
    source.git("checkout", "--quiet", "HEAD~1");
    const back = await stack.up();
    assert.equal(succeeded(back).outcome, "adopted");
    assert.ok(
      infoOn(back, "app").includes(
        `app: ${first.tag}: a step back from ${second.tag}, without 1 commit of it:\n  ${two} Two (Ada)`,
      ),
      infoOn(back, "app").join("\n"),
    );
    assert.equal(await registry.digest(`${repository}:latest`), first.digest);
    assert.equal(await registry.digest(second.spec), second.digest);
  });

  it("has release tags, of which one can come later, and which the next version is kept off", async () => {
    const [source, repository] = [project(), registry.repository("release")];
    const releasedAs = (...releaseTags: string[]) => imageConfig({ repository, releaseTags });
    const stack = stackOf(source, { repository });
    const first = succeeded(await stack.up(releasedAs("v1.4.0")));
    assert.deepEqual(await registry.tags(repository), [first.tag, "v1.4.0"]);
    assert.equal(await registry.digest(`${repository}:v1.4.0`), first.digest);
    for (const run of [() => stack.preview(releasedAs("v1.4.0")), () => stack.up(releasedAs("v1.4.0"))]) {
      const asked = registry.requestsTo(repository).length;
      assert.deepEqual(changes(await run()), {});
      assert.deepEqual(registry.requestsTo(repository).slice(asked), [`HEAD manifests/${first.tag}`]);
    }

    const preview = await stack.preview(releasedAs("v1.4.0", "stable-7"));
    assert.deepEqual(changes(preview), { "app-record": "update" });
    assert.equal(infoOn(preview, "app").at(0), "app: will be released as stable-7");
    const added = await stack.up(releasedAs("v1.4.0", "stable-7"));
    assert.equal(infoOn(added, "app").at(0), `app: released as ${repository}:stable-7`);
    assert.equal(await registry.digest(`${repository}:stable-7`), first.digest);

    source.write("app/main", "two\n").add().commit("Two");
    const taken = new RegExp(
      `${repository}:v1\\.4\\.0 is in the registry already \\(${first.digest}, an image of commit ${first.commit}\\), .* \\[ReleaseTagTaken\\]`,
    );
    const pushes = registry.pushesTo(repository);
    refused(await stack.preview(releasedAs("v1.4.0")), "app", taken);
    refused(await stack.up(releasedAs("v1.4.0")), "app", taken);
    assert.equal(registry.pushesTo(repository), pushes);
    const second = succeeded(await stack.up(releasedAs("v1.5.0")));
    const digests = ["v1.4.0", "v1.5.0"].map((tag) => registry.digest(`${repository}:${tag}`));
    assert.deepEqual(await Promise.all(digests), [first.digest, second.digest]);
  });

  describe("1. in a second stack", () => {
    it("is adopted without a build, a push or a Docker daemon, and its digest is known in preview", async () => {
      const [source, repository] = [project(), registry.repository("second")];
      const published = succeeded(await stackOf(source, { repository }).up());
      assert.equal(published.outcome, "published");

      const second = stackOf(source, { repository }, { env: noDocker });
      const preview = await second.preview();
      assert.deepEqual(changes(preview), { app: "create", "app-record": "create" });
      assert.deepEqual(
        infoOn(preview, "app").map((line) => line.split(" ago): ")[1]),
        [`is in the registry already and will be used: ${repository}@${published.digest}`],
      );
      const adopted = succeeded(await second.up());
      assert.deepEqual(adopted, { ...published, outcome: "adopted" });
      assert.deepEqual(changes(await second.up()), {});
      assert.equal(registry.pushesTo(repository), 1);
    });
  });

  describe("in a stack that may not publish", () => {
    it("is adopted once another stack has published it, and refused before", async () => {
      const [source, repository] = [project(), registry.repository("prod")];
      const prod = stackOf(source, { repository, publish: false }, { env: noDocker });
      const message = /is not in the registry, and publish is false: .*\[NotPublished\]$/;
      refused(await prod.preview(), "app", message);
      refused(await prod.up(), "app", message);
      const staged = succeeded(await stackOf(source, { repository }).up());
      assert.deepEqual(succeeded(await prod.up()), { ...staged, outcome: "adopted" });
      assert.deepEqual(changes(await prod.up()), {});
      source.write("app/main", "two\n").add().commit("Two");
      refused(await prod.preview(), "app", message);
      assert.equal(registry.pushesTo(repository), 1);
    });

    it("stays as it is where the stack itself published it before", async () => {
      const [source, repository] = [project(), registry.repository("stopped")];
      const stack = stackOf(source, { repository });
      const published = succeeded(await stack.up());
      const stopped = imageConfig({ repository, publish: false });
      const result = await stack.up(stopped);
      assert.deepEqual(succeeded(result), { ...published, outcome: "adopted" });
      assert.deepEqual(changes(result), {});
      assert.deepEqual(changes(await stack.up(stopped)), {});
      assert.equal(registry.pushesTo(repository), 1);
      // And publishing again is no second content.
      assert.deepEqual(succeeded(await stack.up()), published);
    });
  });

  describe("2. of the same commit", () => {
    const variants: [what: string, vary: (source: Repo) => Repo][] = [
      ["from a clone made under another umask", (source) => cloneUnder(0o077, source)],
      ["from another directory", (source) => source.clone()],
      ["with ignored files added", (source) => source.write("app/secret.key", "secret")],
      [
        "after git gc",
        (source) => {
          source.git("gc", "--quiet", "--aggressive", "--prune=now");
          return source;
        },
      ],
      [
        "with file modes that git does not record",
        (source) => {
          chmodSync(source.path("app/main"), 0o600);
          return source;
        },
      ],
    ];
    for (const [what, vary] of variants) {
      it(`is not pushed again ${what}`, async () => {
        const [source, repository] = [project(), registry.repository("same")];
        const args = { repository, build: { args: { A: "1", B: "2" }, extraHosts: ["b:1.1.1.1", "a:1.1.1.1"] } };
        const stack = stackOf(source, args);
        const published = succeeded(await stack.up());
        const other = track(vary(source));
        const again = stack.in(other.directory);
        const reordered = { repository, build: { extraHosts: ["a:1.1.1.1", "b:1.1.1.1"], args: { B: "2", A: "1" } } };
        for (const result of [await again.preview(imageConfig(reordered)), await again.up(imageConfig(reordered))]) {
          assert.equal(result.succeeded, true, result.text);
          assert.deepEqual(changes(result), {});
        }
        assert.deepEqual(succeeded(await again.up(imageConfig(reordered))), published);
        assert.equal(registry.pushesTo(repository), 1);
      });
    }

    it("is built for linux/amd64 whatever the machine's default is", async () => {
      const [source, repository] = [project(), registry.repository("platform")];
      const result = await stackOf(source, { repository }, { env: { DOCKER_DEFAULT_PLATFORM: "linux/arm64" } }).up();
      succeeded(result);
      const image = result.steps.find(({ name }) => name === "app-image");
      assert.equal((image?.inputs.build as { platform: string } | undefined)?.platform, "linux/amd64");
    });

    it("is adopted after the state was lost and made anew", async () => {
      const [source, repository] = [project(), registry.repository("lost")];
      const published = succeeded(await stackOf(source, { repository }).up());
      assert.deepEqual(succeeded(await stackOf(source, { repository }).up()), { ...published, outcome: "adopted" });
      assert.equal(registry.pushesTo(repository), 1);
    });

    it("is adopted after a rollback to an older commit and forward again", async () => {
      const [source, repository] = [project(), registry.repository("rollback")];
      const stack = stackOf(source, { repository });
      const one = succeeded(await stack.up());
      source.write("app/main", "two\n").add().commit("Two");
      const two = succeeded(await stack.up());
      assert.notEqual(two.tag, one.tag);
      const seen: Image[] = [];
      for (const revision of ["HEAD~1", "main"]) {
        source.git("checkout", "--quiet", revision);
        seen.push(succeeded(await stack.up()));
        assert.deepEqual(changes(await stack.up()), {});
      }
      assert.deepEqual(seen, [{ ...one, outcome: "adopted" }, two]);
      assert.equal(registry.pushes(one.spec), 1);
      assert.equal(registry.pushes(two.spec), 1);
    });
  });

  describe("3. built in another way from the same commit", () => {
    const files = { Dockerfile: "FROM scratch AS one\nARG A\nCOPY main /main\nFROM one AS two\n" };
    const changesOfBuild: [what: string, build: object][] = [
      ["a build argument", { args: { A: "2" } }],
      ["the target", { args: { A: "1" }, target: "one" }],
      ["the platform", { args: { A: "1" }, platform: "linux/arm64" }],
    ];
    for (const [what, build] of changesOfBuild) {
      it(`is refused in preview and update when ${what} changed, and rebuilt in debug`, async () => {
        const [source, repository] = [project(files), registry.repository("inputs")];
        const stack = stackOf(source, { repository, build: { args: { A: "1" } } });
        const published = succeeded(await stack.up());
        const ways =
          /is published already.*commit a change.*debug: true.*another repository\. \[BuildInputsChanged\]/is;
        refused(await stack.preview(imageConfig({ repository, build })), "app", ways);
        refused(await stack.up(imageConfig({ repository, build })), "app", ways);
        assert.equal(registry.pushesTo(repository), 1);
        const debug = succeeded(await stack.up(imageConfig({ repository, build, debug: true })));
        assert.equal(debug.tag, `${published.tag}-debug`);
        assert.equal(await registry.digest(published.spec), published.digest);
        succeeded(await stack.up(imageConfig({ repository, build: { args: { A: "1" } } })));
      });
    }
  });

  describe("6. that the registry holds already", () => {
    function push(spec: string, labels: Record<string, string>): void {
      const flags = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
      const env = { ...process.env, DOCKER_BUILDKIT: "0" };
      execFileSync("docker", ["build", "--quiet", "--tag", spec, ...flags, "-"], { input: "FROM busybox:1.36\n", env });
      execFileSync("docker", ["push", "--quiet", spec], { env });
    }

    it("is refused if it was built from another commit", async () => {
      const [source, repository] = [project(), registry.repository("foreign")];
      push(`${repository}:${source.head().slice(0, 7)}`, {
        "org.opencontainers.image.revision": "0".repeat(40),
        "dev.versioned-image.tree": source.git("rev-parse", "HEAD:app"),
      });
      const stack = stackOf(source, { repository });
      const words = new RegExp(
        `was built from commit 0{40}, and this version is commit ${source.head()}.*tagLength.*\\[TagTaken\\]`,
        "s",
      );
      refused(await stack.preview(), "app", words);
      refused(await stack.up(), "app", words);
      assert.equal(registry.pushesTo(repository), 1);
    });

    it("is adopted with a warning if nothing says what it was built from", async () => {
      const [source, repository] = [project(), registry.repository("plain")];
      push(`${repository}:${source.head().slice(0, 7)}`, {});
      const result = await stackOf(source, { repository }).up();
      assert.equal(succeeded(result).outcome, "adopted");
      const warnings = warningsOn(result, "app");
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /nothing proves which commit it was built from/);
      assert.equal(registry.pushesTo(repository), 1);
    });
  });

  it("says nothing that its base, a debug image of this package, says of itself", async () => {
    const source = project().write("app/main", "debug\n");
    const base = succeeded(await stackOf(source, { repository: registry.repository("base"), debug: true }).up());
    const [on, repository] = [
      project({ Dockerfile: `FROM ${base.reference}\nCOPY main /on\n` }),
      registry.repository("on-base"),
    ];
    const image = succeeded(await stackOf(on, { repository }).up());
    const labels = await registry.labels(image.spec);
    assert.deepEqual(
      [labels["dev.versioned-image.dirty"], labels["org.opencontainers.image.revision"]],
      ["", on.head()],
    );
    assert.equal(succeeded(await stackOf(on, { repository }).up()).outcome, "adopted");
  });

  describe("8. of a registry that does not answer", () => {
    it("is not built", async () => {
      const source = project();
      const result = await stackOf(source, { repository: "127.0.0.1:9/app" }, { env: noDocker }).preview();
      refused(result, "app", /^The registry 127\.0\.0\.1:9 did not answer: .*\[RegistryUnavailable\]$/);
      assert.deepEqual(
        result.steps.filter(({ type }) => type.startsWith("docker:")),
        [],
      );
    });
  });
});
