import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import {
  ALL_ERRORS,
  changes,
  cloneUnder,
  errorsOn,
  type Image,
  imageStack,
  imagesConfig,
  imagesOf,
  imagesProject,
  infoOn,
  warningsOn,
} from "../support/project";
import { publishFromDirectory } from "../support/publishFromDirectory";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** A production tag means one commit, one content, for ever. The numbers are those of the promises in the README. */
describe("a production tag", () => {
  const disposables: (() => void)[] = [];

  after(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  function track(repository: Repo): Repo {
    disposables.push(() => repository.dispose());
    return repository;
  }

  function stackOf(source: Repo, images: Record<string, object>, env: NodeJS.ProcessEnv = {}): TestStack {
    const stack = imageStack(source, {}, { config: imagesConfig(images), env });
    disposables.push(() => stack.forget());
    return stack;
  }

  /** Each of these images has one error. */
  function refused(result: Result, messages: Record<string, RegExp>): void {
    assert.equal(result.succeeded, false, result.text);
    for (const [name, message] of Object.entries(messages)) {
      const [error = "", ...more] = errorsOn(result, name);
      assert.deepEqual(more, [], result.text);
      assert.match(error, message);
    }
  }

  const noDocker = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };

  /** How an image is built, in the words of most of the updates. */
  const BUILD = { extraHosts: ["a:1.1.1.1", "b:1.1.1.1"], args: { B: "2", A: "1" } };

  /** Two stacks of one program: what the first publishes, the second may only use. */
  describe("in the life of two stacks", () => {
    type Name = "app" | "also" | "stopped" | "on";
    let source: Repo;
    let first: TestStack;
    let second: TestStack;
    /** The first, from a clone. */
    let cloned: TestStack;
    let repositories: Record<Name, string>;
    let one: Record<Name, Image>;
    let two: Record<Name, Image>;

    before(async () => {
      source = track(imagesProject({ app: {}, also: {}, stopped: {}, on: {}, base: {} }));
      repositories = {
        app: registry.repository("app"),
        also: registry.repository("also"),
        stopped: registry.repository("stopped"),
        on: registry.repository("on"),
      };
      const build = { args: { A: "1", B: "2" }, extraHosts: ["b:1.1.1.1", "a:1.1.1.1"] };
      first = stackOf(source, images({}, build), { DOCKER_DEFAULT_PLATFORM: "linux/arm64" });
      const { app, stopped } = repositories;
      second = stackOf(
        source,
        { app: { repository: app, publish: false, build: BUILD }, stopped: { repository: stopped } },
        noDocker,
      );
    });

    /** The images of the first stack. */
    function images(more: Record<string, object> = {}, build: object = BUILD): Record<string, object> {
      return {
        app: { repository: repositories.app, build },
        also: { repository: repositories.also, alsoTag: ["latest"], tagPrefix: "git-" },
        stopped: { repository: repositories.stopped },
        ...more,
      };
    }

    const notPublished = /is not in the registry, and publish is false\. .*\[NotPublished\]$/;

    it("is refused in a stack that may not publish, before another stack has published it, and 8. of a registry that does not answer", async () => {
      const config = imagesConfig({
        app: { repository: repositories.app, publish: false },
        silent: { context: "app", repository: "127.0.0.1:9/app" },
      });
      for (const kind of ["preview", "up"] as const) {
        const more = { program: ALL_ERRORS, continueOnError: kind === "up" };
        const result = await second.start(kind, config, more).result;
        refused(result, {
          app: notPublished,
          silent: /^The registry 127\.0\.0\.1:9 did not answer: .*\[RegistryUnavailable\]$/,
        });
        assert.deepEqual(
          result.steps.filter(({ type }) => type.startsWith("docker:")),
          [],
        );
      }
    });

    it("is published, for linux/amd64 whatever the machine's default is", async () => {
      const result = await first.up();
      one = imagesOf(result);
      for (const name of ["app", "also", "stopped"] as const) {
        assert.equal(one[name].outcome, "published");
        const image = result.steps.find((step) => step.name === `${name}-image`);
        assert.equal((image?.inputs.build as { platform: string } | undefined)?.platform, "linux/amd64");
      }
      assert.equal(one.also.tag, `git-${source.head().slice(0, 7)}`);
      assert.deepEqual(await registry.tags(repositories.also), [one.also.tag, "latest"]);
      assert.equal(await registry.digest(`${repositories.also}:latest`), one.also.digest);
    });

    it("2. is not pushed again from a clone in another directory under another umask, after git gc, with other modes and ignored files", async () => {
      const clone = track(cloneUnder(0o077, source));
      clone.git("gc", "--quiet", "--aggressive", "--prune=now");
      clone.write("also/secret.key", "secret");
      // Git does not record this.
      chmodSync(clone.path("stopped/main"), 0o600);
      cloned = first.in(clone.directory);
      const preview = await cloned.preview(imagesConfig(images()));
      assert.deepEqual(imagesOf(preview), one);
      assert.deepEqual(changes(preview), {});
    });

    it("costs one request in a preview and in an update that change nothing, there, too, and no file", async () => {
      const names = ["app", "also", "stopped"] as const;
      assert.ok(registry.requestsTo(repositories.app).length > 1);
      for (const [kind, stack] of [
        ["preview", first],
        ["up", cloned],
      ] as const) {
        const staged = () =>
          execFileSync("find", [".versioned-image", "-printf", "%P %i %s %T@ %C@\n"], {
            cwd: stack.options.workDir,
            encoding: "utf8",
          });
        const files = staged();
        const before = names.map((name) => registry.requestsTo(repositories[name]).length);
        const result = await stack[kind](imagesConfig(images()));
        assert.deepEqual(imagesOf(result), one);
        assert.deepEqual(changes(result), {});
        for (const [index, name] of names.entries()) {
          const asked = registry.requestsTo(repositories[name]).slice(before[index]);
          assert.deepEqual(asked, [`HEAD manifests/${one[name].tag}`]);
        }
        assert.equal(staged(), files);
      }
    });

    it("1. is adopted by a second stack without a build, a push or a Docker daemon, and its digest is known in preview", async () => {
      const preview = await second.preview();
      for (const name of ["app", "stopped"] as const) {
        assert.deepEqual(
          infoOn(preview, name).map((line) => line.split(" ago): ")[1]),
          [`is in the registry already and will be used: ${repositories[name]}@${one[name].digest}`],
        );
      }
      assert.deepEqual(
        preview.steps.filter(({ type }) => type.startsWith("docker:")),
        [],
      );
      const { stopped, "stopped-record": record } = changes(preview);
      assert.deepEqual([stopped, record], ["create", "create"]);
      const adopted = imagesOf<Name>(await second.up());
      assert.deepEqual(adopted, {
        app: { ...one.app, outcome: "adopted" },
        stopped: { ...one.stopped, outcome: "adopted" },
      });
      assert.deepEqual(
        [repositories.app, repositories.stopped].map((each) => registry.pushesTo(each)),
        [1, 1],
      );
    });

    it("is refused again of the next commit in the stack that may not publish", async () => {
      source.write("base/main", "debug\n");
      const base = await publishFromDirectory(source.path("base"), registry.repository("base"), "--debug");
      source.git("checkout", "--quiet", "base");
      source.write("on/Dockerfile", `FROM ${base.reference}\nCOPY main /on\n`).write("app/main", "two\n");
      source.write("also/main", "two\n").add().commit("Two");
      refused(await second.preview(), { app: notPublished });
      assert.equal(registry.pushesTo(repositories.app), 1);
    });

    it("moves the tags of alsoTag when another version is used, in the update alone", async () => {
      const stopped = { repository: repositories.stopped, publish: false };
      const config = imagesConfig(images({ stopped, on: { repository: repositories.on } }));
      const preview = await first.preview(config);
      assert.equal(preview.succeeded, true, preview.text);
      assert.equal(await registry.digest(`${repositories.also}:latest`), one.also.digest);
      const updated = await first.up(config);
      two = imagesOf(updated);
      for (const result of [preview, updated]) {
        for (const name of ["app", "also"] as const) {
          const line = `${name}: ${two[name].tag}: 1 commit since ${one[name].tag}:\n  ${two.app.tag} Two (Ada)`;
          assert.ok(infoOn(result, name).includes(line), infoOn(result, name).join("\n"));
        }
      }
      assert.equal(two.app.tag, source.head().slice(0, 7));
      assert.notEqual(two.app.tag, one.app.tag);
      assert.equal(await registry.digest(`${repositories.also}:latest`), two.also.digest);

      // Where the stack itself has published it before, it stays as it is.
      assert.deepEqual(two.stopped, { ...one.stopped, outcome: "adopted" });
      const changed = Object.keys(changes(updated)).sort();
      assert.deepEqual(changed, [
        "also-image",
        "also-record",
        "app-image",
        "app-record",
        "on",
        "on-image",
        "on-record",
      ]);
    });

    it("says nothing that its base, a debug image of this package, says of itself", async () => {
      const labels = await registry.labels(two.on.spec);
      assert.deepEqual(
        [labels["dev.versioned-image.dirty"], labels["org.opencontainers.image.revision"]],
        ["", source.head()],
      );
    });

    it("2. is adopted after a rollback to an older commit, and its tags of alsoTag go back", async () => {
      source.git("checkout", "--quiet", "HEAD~1");
      const back = await first.up();
      assert.deepEqual(imagesOf<Name>(back), {
        app: { ...one.app, outcome: "adopted" },
        also: { ...one.also, outcome: "adopted" },
        // To publish again is no second content.
        stopped: one.stopped,
      });
      for (const name of ["app", "also"] as const) {
        const line = `${name}: ${one[name].tag}: a step back from ${two[name].tag}, without 1 commit of it:\n  ${two.app.tag} Two (Ada)`;
        assert.ok(infoOn(back, name).includes(line), infoOn(back, name).join("\n"));
      }
      assert.equal(await registry.digest(`${repositories.also}:latest`), one.also.digest);
      assert.equal(await registry.digest(two.also.spec), two.also.digest);
    });

    it("2. is used again after the way forward, and nothing is pushed twice", async () => {
      source.git("checkout", "--quiet", "main");
      const config = imagesConfig(images({ on: { repository: repositories.on } }));
      assert.deepEqual(imagesOf<Name>(await first.up(config)), {
        ...two,
        stopped: one.stopped,
        on: { ...two.on, outcome: "adopted" },
      });
      assert.equal(await registry.digest(`${repositories.also}:latest`), two.also.digest);
      for (const { spec } of [one.app, two.app, one.also, two.also, one.stopped, two.on]) {
        assert.equal(registry.pushes(spec), 1);
      }
    });
  });

  describe("that the registry holds already", () => {
    const changed: Record<string, object> = {
      argument: { args: { A: "2" } },
      target: { args: { A: "1" }, target: "one" },
      platform: { args: { A: "1" }, platform: "linux/arm64" },
    };
    const names = Object.keys(changed);
    const repositories: Record<string, string> = {};
    const others: Record<string, Record<string, string>> = {
      commit: { "org.opencontainers.image.revision": "0".repeat(40), "dev.versioned-image.tree": "0" },
      unlabelled: {},
    };
    let source: Repo;
    let stack: TestStack;
    let first: Result;
    /** A preview and an update, once some tags have been taken, and the program builds in another way. */
    let results: Result[];

    before(async () => {
      const files = { Dockerfile: "FROM scratch AS one\nARG A\nCOPY main /main\nFROM one AS two\n" };
      const directories = [...names, "foreign", "plain"];
      source = track(imagesProject(Object.fromEntries(directories.map((name) => [name, files]))));
      for (const name of [...directories, ...Object.keys(others)]) {
        repositories[name] = registry.repository(name);
      }
      const tag = source.head().slice(0, 7);
      push(`${repositories.foreign}:${tag}`, {
        "org.opencontainers.image.revision": "0".repeat(40),
        "dev.versioned-image.tree": source.git("rev-parse", "HEAD:foreign"),
      });
      push(`${repositories.plain}:${tag}`, {});
      stack = stackOf(source, { ...asPublished(), ...taken(), plain: { repository: repositories.plain } });
      first = await stack.up();
      for (const [name, labels] of Object.entries(others)) {
        push(imagesOf(first)[name]?.spec ?? "", labels);
      }
      const config = imagesConfig({ ...inAnotherWay(), ...taken(), foreign: { repository: repositories.foreign } });
      results = [
        await stack.preview(config, { program: ALL_ERRORS }),
        await stack.up(config, { program: ALL_ERRORS, continueOnError: true }),
      ];
    });

    /** Images whose tags others take. */
    function taken(): Record<string, object> {
      return Object.fromEntries(
        Object.keys(others).map((name) => [name, { context: "plain", repository: repositories[name] }]),
      );
    }

    function asPublished(): Record<string, object> {
      return Object.fromEntries(
        names.map((name) => [name, { repository: repositories[name], build: { args: { A: "1" } } }]),
      );
    }

    /** The images as they are built in another way. */
    function inAnotherWay(more: object = {}): Record<string, object> {
      return Object.fromEntries(
        names.map((name) => [name, { repository: repositories[name], build: changed[name], ...more }]),
      );
    }

    function push(spec: string, labels: Record<string, string>): void {
      const flags = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
      const env = { ...process.env, DOCKER_BUILDKIT: "0" };
      execFileSync("docker", ["build", "--quiet", "--tag", spec, ...flags, "-"], { input: "FROM busybox:1.36\n", env });
      execFileSync("docker", ["push", "--quiet", spec], { env });
    }

    it("6. is adopted with a warning if nothing says what it was built from", () => {
      assert.equal(imagesOf<"plain">(first).plain.outcome, "adopted");
      const warnings = warningsOn(first, "plain");
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", /nothing proves which commit it was built from/);
      assert.equal(registry.pushesTo(repositories.plain ?? ""), 1);
    });

    it("3. and 6. is refused in preview and update if an argument, the target or the platform changed, or it was built from another commit", () => {
      const inputs = /is published already.*commit a change.*--debug.*another repository\. \[BuildInputsChanged\]/is;
      const head = source.head();
      for (const result of results) {
        refused(result, {
          ...Object.fromEntries(names.map((name) => [name, inputs])),
          foreign: new RegExp(`was built from commit 0{40}, not from commit ${head}.*tagLength.*\\[TagTaken\\]`, "s"),
        });
      }
      for (const name of [...names, "foreign"]) {
        assert.equal(registry.pushesTo(repositories[name] ?? ""), 1);
      }
    });

    it("is refused in preview and update, with the command that restores it, if another image took its tag", () => {
      const published = imagesOf(first);
      const messages = Object.keys(others).map((name) => {
        const { spec, digest, reference } = published[name] as Image;
        const restores = reference.replace(/:[^:@]*@/, "@");
        const message = `${spec} was published as ${digest}, but .* --tag ${spec} ${restores}\`.*\\[DigestMismatch\\]`;
        return [name, new RegExp(message)];
      });
      for (const result of results) {
        refused(result, Object.fromEntries(messages));
      }
      for (const name of Object.keys(others)) {
        assert.equal(registry.pushesTo(repositories[name] ?? ""), 2, "by this package, and by the other one");
      }
    });

    it("3. is rebuilt in debug beside what is published, which stays", async () => {
      const published = imagesOf(first);
      const debug = imagesOf(await stack.up(imagesConfig(inAnotherWay({ debug: true }))));
      for (const name of names) {
        assert.equal(debug[name]?.tag, `${published[name]?.tag}-debug`);
        assert.equal(await registry.digest(published[name]?.spec ?? ""), published[name]?.digest);
      }
    });
  });
});
