import * as assert from "node:assert/strict";
import { copyFileSync, readdirSync } from "node:fs";
import { createRegistryClient } from "../../components/registry";
import { busybox, farmStack, farms, platformsOf } from "../support/buildKit";
import { LONG } from "../support/long";
import { changes, errorsOn, imageProject, imageStack, succeeded, warningsOn } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/**
 * The promises of a production tag, in one list for both builders. Docker's own has them in test/engine and test/publishing as well, and is
 * left out by default: VERSIONED_IMAGE_TEST_BUILDERS=Docker,BuildKit tries both.
 */
const BUILDERS: Record<string, typeof farmStack> = {
  BuildKit: farmStack,
  Docker: (project, { build, ...args }) => imageStack(project, { ...args, build: withoutFarm(build) }),
};

/** What comes of it is the same each time, but for the times of its files. */
const DOCKERFILE_THAT_RUNS = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "touch", "/made"]
COPY main /main
`;

function withoutFarm(build: object = {}): object {
  return { ...build, builder: "Docker", builderName: undefined };
}

for (const builder of (process.env.VERSIONED_IMAGE_TEST_BUILDERS ?? "BuildKit").split(",")) {
  describe(`a production tag that ${builder} publishes`, () => {
    const disposables: (() => void)[] = [];

    afterEach(() => {
      for (const dispose of disposables.splice(0)) {
        dispose();
      }
    });

    /** What Docker's own builder can't do. */
    const ofBuildKit = builder === "BuildKit" ? it : () => {};
    /** What is the same for every builder, and tried with Docker's in test/publishing. */
    const ofAll = LONG ? it : () => {};

    function track(repository: Repo): Repo {
      disposables.push(() => repository.dispose());
      return repository;
    }

    function stackOf(...args: Parameters<typeof farmStack>): TestStack {
      const stack = (BUILDERS[builder] ?? farmStack)(...args);
      disposables.push(() => stack.forget());
      return stack;
    }

    function refused(result: Result, message: RegExp): void {
      assert.equal(result.succeeded, false, result.text);
      const errors = errorsOn(result, "app");
      assert.equal(errors.length, 1, result.text);
      assert.match(errors[0] ?? "", message);
    }

    const placesIn = (source: Repo) =>
      readdirSync(source.path(".versioned-image")).filter((name) => /^[0-9a-f]{16}$/.test(name));

    it("is built from the commit, pushed by digest and tagged once, and stays as it is from then on", async () => {
      const [source, repository] = [track(imageProject()), registry.repository("kit")];
      const stack = stackOf(source, { repository });
      const preview = await stack.preview();
      assert.equal(preview.succeeded, true, preview.text);
      assert.deepEqual(changes(preview), { app: "create", "app-image": "create", "app-record": "create" });
      assert.deepEqual(await registry.tags(repository), []);

      const first = succeeded(await stack.up());
      const tag = source.head().slice(0, 7);
      assert.equal(first.outcome, "published");
      assert.equal(first.reference, `${repository}:${tag}@${first.digest}`);
      assert.equal(await registry.digest(first.spec), first.digest);
      assert.deepEqual(await registry.tags(repository), [tag]);
      if (builder === "BuildKit") {
        // Without a scratch tag.
        assert.deepEqual(await createRegistryClient().tags(repository), [tag]);
      }
      assert.deepEqual(await registry.labels(first.spec), {
        "dev.versioned-image.bases": "",
        "dev.versioned-image.build": "platform=linux/amd64 dockerfile=Dockerfile",
        "dev.versioned-image.context": "app",
        "dev.versioned-image.dirty": "",
        "dev.versioned-image.dockerfile": "app/Dockerfile",
        "dev.versioned-image.paths": '["app"]',
        "dev.versioned-image.tree": source.git("rev-parse", "HEAD:app"),
        "org.opencontainers.image.base.digest": "",
        "org.opencontainers.image.base.name": "",
        "org.opencontainers.image.created": source.git("show", "-s", "--format=%cI").replace("+00:00", "Z"),
        "org.opencontainers.image.revision": source.head(),
        "org.opencontainers.image.source": "",
        "org.opencontainers.image.title": "app",
        "org.opencontainers.image.version": tag,
      });
      // A clone of another machine would put the files there anew: nobody needs them, and one question is asked.
      const before = registry.requestsTo(repository).length;
      assert.deepEqual(changes(await stack.in(track(source.clone()).directory).up()), {});
      assert.deepEqual(registry.requestsTo(repository).slice(before), [`HEAD manifests/${tag}`]);

      source.write("app/main", "two\n").add().commit("Two");
      const update = await stack.up();
      assert.deepEqual(changes(update), { "app-image": "update", "app-record": "update" });
      const second = succeeded(update);
      assert.notEqual(second.digest, first.digest);
      assert.equal(await registry.digest(first.spec), first.digest);
      assert.equal(await registry.digest(second.spec), second.digest);
      assert.equal(placesIn(source).length, 1);

      // Back to what is published, and forward again.
      source.git("checkout", "--quiet", "HEAD~1");
      assert.deepEqual(succeeded(await stack.up()), { ...first, outcome: "adopted" });
      source.git("checkout", "--quiet", "-");
      const forward = succeeded(await stack.up());
      assert.equal(forward.digest, second.digest);
    });

    ofBuildKit("has one digest on all daemons, whatever they have in their caches", async () => {
      const source = track(imageProject({ Dockerfile: DOCKERFILE_THAT_RUNS }));
      copyFileSync(busybox(), source.path("app/busybox"));
      source.add().commit("Tools");
      const clone = track(source.clone());
      const stack = stackOf(clone, { repository: registry.repository("cached") });
      succeeded(await stack.up());
      // A commit that is later than what the daemon has built of the other instructions.
      source.write("app/main", "two\n").add();
      const date = "2099-01-01T00:00:00Z";
      source.gitWith({ GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date }, "commit", "--quiet", "-m", "Two");
      clone.git("pull", "--quiet");
      const cached = succeeded(await stack.up());
      const elsewhere = stackOf(track(source.clone()), { repository: registry.repository("uncached") }, farms.other);
      assert.equal(succeeded(await elsewhere.up()).digest, cached.digest);
    });

    ofBuildKit("is adopted in a second stack, and for several platforms only as a whole", async () => {
      const [source, repository] = [track(imageProject()), registry.repository("platforms")];
      const platforms = ["linux/arm64", "linux/amd64"];
      const published = succeeded(await stackOf(source, { repository, build: { platforms } }).up());
      assert.deepEqual(Object.keys(await platformsOf(repository, published.digest)).sort(), [
        "linux/amd64",
        "linux/arm64",
      ]);
      const index = await createRegistryClient().manifest(repository, published.digest);
      const { annotations } = JSON.parse(String(index?.bytes));
      assert.deepEqual(annotations, {
        "org.opencontainers.image.created": source.git("show", "-s", "--format=%cI").replace("+00:00", "Z"),
        "org.opencontainers.image.revision": source.head(),
        "org.opencontainers.image.title": "app",
        "org.opencontainers.image.version": published.tag,
      });
      for (const platform of platforms) {
        const { labels } = await createRegistryClient().inspect(repository, published.digest, platform);
        assert.equal(labels["org.opencontainers.image.revision"], source.head());
        assert.equal(labels["dev.versioned-image.build"], "platform=linux/amd64,linux/arm64 dockerfile=Dockerfile");
      }
      const adopted = succeeded(await stackOf(source, { repository, build: { platforms } }, farms.other).up());
      assert.deepEqual(adopted, { ...published, outcome: "adopted" });
      assert.deepEqual(await createRegistryClient().tags(repository), [published.tag]);

      refused(
        await stackOf(source, { repository, build: { platform: "linux/arm64" } }).preview(),
        /is published already, built with .*\[BuildInputsChanged\]$/s,
      );
    });

    ofAll("is published by one of two stacks that begin at once, and used by both", async () => {
      const [source, repository] = [track(imageProject()), registry.repository("race")];
      const stacks = [stackOf(source, { repository }), stackOf(track(source.clone()), { repository }, farms.other)];
      const images = (await Promise.all(stacks.map((stack) => stack.up()))).map(succeeded);
      assert.equal(images[0]?.digest, images[1]?.digest);
      assert.equal(await registry.digest(images[0]?.spec ?? ""), images[0]?.digest);
      for (const stack of stacks) {
        assert.deepEqual(changes(await stack.up()), {});
      }
    });

    ofAll("is built again where the registry has lost it, with a warning", async () => {
      const [source, repository] = [track(imageProject()), registry.repository("lost")];
      const stack = stackOf(source, { repository });
      const first = succeeded(await stack.up());
      await createRegistryClient().delete(repository, first.digest);
      const again = await stack.up();
      const back = succeeded(again);
      if (builder === "BuildKit") {
        assert.equal(back.digest, first.digest);
      }
      assert.match(warningsOn(again, "app").join("\n"), /was lost from the registry .*: built again from its commit/);
      assert.equal(await registry.digest(first.spec), back.digest);
      assert.deepEqual(changes(await stack.up()), {});
    });

    ofBuildKit("is left as Docker's builder published it, and taken over with the next version", async () => {
      const [source, repository] = [track(imageProject()), registry.repository("taken")];
      const stack = imageStack(source, { repository }, { env: { DOCKER_CONFIG: farms.one } });
      disposables.push(() => stack.forget());
      const first = succeeded(await stack.up());
      const build = { builder, builderName: "farm" };
      const farmed = { images: JSON.stringify({ app: { context: "app", repository, build } }) };
      assert.deepEqual(changes(await stack.up(farmed)), {});
      source.write("app/main", "two\n").add().commit("Two");
      const update = await stack.up(farmed);
      assert.notEqual(succeeded(update).digest, first.digest);
      assert.equal(await registry.digest(first.spec), first.digest);
      const images = update.steps.filter(({ name, op }) => name === "app-image" && op !== "same");
      assert.deepEqual(
        images.map(({ type, op }) => [type, op]),
        [
          ["docker-build:index:Image", "create"],
          ["docker:index/image:Image", "delete"],
        ],
      );
      assert.deepEqual(changes(await stack.up(farmed)), {});
    });

    ofBuildKit("covers the directories of named contexts", async () => {
      const source = track(imageProject({ Dockerfile: "FROM scratch\nCOPY --from=lib . /lib/\nCOPY main /\n" }));
      source.write("lib/code", "1\n").write("other/file", "1\n").add().commit("Lib");
      const repository = registry.repository("named");
      const build = { contexts: { lib: "lib" } };
      const stack = stackOf(source, { repository, build });
      const first = succeeded(await stack.up());
      assert.equal(first.commit, source.head());
      source.write("other/file", "2\n").add().commit("Elsewhere");
      assert.deepEqual(changes(await stack.up()), {});
      source.write("lib/code", "2\n");
      refused(await stack.preview(), /has uncommitted changes:\n {2} M lib\/code\n[\s\S]*\[UncommittedChanges\]$/);
      source.add().commit("Lib again");
      const second = succeeded(await stack.up());
      assert.equal(second.tag, source.head().slice(0, 7));
      assert.notEqual(second.digest, first.digest);
      assert.deepEqual(changes(await stack.in(track(source.clone()).directory).preview()), {});
    });

    it("can be tried as a debug image, which is built again when the disk changes", async () => {
      const [source, repository] = [track(imageProject()), registry.repository("debug")];
      const stack = stackOf(source, { repository });
      const published = succeeded(await stack.up());
      const debugged = (debug: object) => ({
        images: JSON.stringify({
          app: {
            context: "app",
            repository,
            build: builder === "BuildKit" ? { builder, builderName: "farm" } : {},
            ...debug,
          },
        }),
      });
      const debug = debugged({ debug: true });
      source.write("app/main", "dirty\n");
      const first = succeeded(await stack.up(debug));
      assert.equal(first.spec, `${published.spec}-debug`);
      assert.equal(await registry.digest(first.spec), first.digest);
      assert.equal((await registry.labels(first.spec))["dev.versioned-image.dirty"], "true");
      assert.deepEqual(changes(await stack.up(debug)), {});
      source.write("app/main", "dirtier\n");
      const second = succeeded(await stack.up(debug));
      assert.notEqual(second.digest, first.digest);
      source.git("checkout", "--quiet", "app");
      assert.deepEqual(succeeded(await stack.up(debugged({}))), published);
    });
  });
}
