import * as assert from "node:assert/strict";
import { changes, imageProject, imageStack, imagesConfig, imagesOf, imagesProject, infoOn } from "../support/project";
import { publishFromDirectory } from "../support/publishFromDirectory";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** So many that no image has lines of its own unless something happens to it. */
const MANY = 21;

describe("what a person is told", () => {
  const disposables: (() => unknown)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  function project(files?: Record<string, string>): Repo {
    const source = imageProject(files);
    disposables.push(() => source.dispose());
    return source;
  }

  function stackOf(source: Repo, args: object, config?: Record<string, string>): TestStack {
    const stack = imageStack(source, args, config && { config });
    disposables.push(() => stack.forget());
    return stack;
  }

  function configOf({ options }: TestStack): Record<string, { repository: string }> {
    return JSON.parse(options.config?.images ?? "");
  }

  /** Without the version at its beginning, and how long it took. */
  function said(result: Result, name = "app"): string[] {
    assert.equal(result.succeeded, true, result.text);
    return infoOn(result, name).map((line) => (line.split(" ago): ")[1] ?? line).replace(/ in [\d.]+ s/, " in N s"));
  }

  /** What is said of no resource but the stack. */
  function summaryOf(result: Result): string[] {
    assert.equal(result.succeeded, true, result.text);
    return result.diagnostics
      .filter(({ severity, urn }) => severity.startsWith("info") && (urn === "" || urn.includes("pulumi:pulumi:Stack")))
      .map(({ message }) => message);
  }

  it("is in a preview what would be done, in an update what was, and of a debug image what became of the disk", async function () {
    this.timeout(300_000);
    const source = imagesProject({ app: {}, elsewhere: {}, disk: {} });
    disposables.push(() => source.dispose());
    source.write("disk/main", "two\n");
    const repositories = {
      app: registry.repository("messages"),
      elsewhere: registry.repository("messages"),
      disk: registry.repository("messages"),
    };
    const published = await publishFromDirectory(source.path("elsewhere"), repositories.elsewhere);
    const stack = stackOf(
      source,
      {},
      imagesConfig({
        app: { repository: repositories.app },
        elsewhere: { repository: repositories.elsewhere },
        disk: { repository: repositories.disk, debug: true },
      }),
    );
    const saidOfAll = (result: Result) => ["app", "elsewhere", "disk"].map((name) => said(result, name));
    const disk = "the directory as it is on disk (1 uncommitted change)";
    assert.deepEqual(saidOfAll(await stack.preview()), [
      [`will be built and pushed to ${repositories.app}`],
      [`is in the registry already and will be used: ${repositories.elsewhere}@${published.digest}`],
      [`${disk} will be built and pushed to ${repositories.disk}`],
    ]);
    const first = await stack.up();
    const { app, disk: pushed } = imagesOf<"app" | "disk">(first);
    assert.deepEqual(saidOfAll(first), [
      [`published in N s: ${app.reference}`],
      [`adopted, since it was in the registry already: ${repositories.elsewhere}@${published.digest}`],
      [`${disk} was built and pushed in N s: ${pushed.reference}`],
    ]);
    const unchanged = [
      [`unchanged: ${repositories.app}@${app.digest}`],
      [`unchanged: ${repositories.elsewhere}@${published.digest}`],
    ];
    // The first update can't keep what the second knows: that the debug image's tag is there.
    assert.deepEqual(saidOfAll(await stack.up()).slice(0, 2), unchanged);
    const again = await stack.up();
    assert.deepEqual(changes(again), {});
    const { reference } = imagesOf<"disk">(again).disk;
    for (const result of [again, await stack.preview()]) {
      assert.deepEqual(saidOfAll(result), [...unchanged, [`${disk} is unchanged: ${reference}`]]);
    }
  });

  /** Three images, of which `b` has a Dockerfile of its own, and more arguments. */
  function three(Dockerfile: string, more: object = {}): TestStack {
    const working = "FROM scratch\nCOPY main /\n";
    const source = project();
    const names = ["a", "b", "c"];
    for (const name of names) {
      source.write(`${name}/Dockerfile`, name === "b" ? Dockerfile : working).write(`${name}/main`, `${name}\n`);
    }
    source.add().commit("Three");
    const images = names.map((name) => {
      return [name, { context: name, repository: registry.repository(name), ...(name === "b" && more) }];
    });
    return stackOf(source, {}, { images: JSON.stringify(Object.fromEntries(images)) });
  }

  /** What warns or fails, by the resource that it is said of. The Automation API repeats an output's error, and that of no resource. */
  function complaints({ diagnostics }: Result): Record<string, string[]> {
    const said: Record<string, string[]> = {};
    for (const { severity, urn, message } of diagnostics) {
      const isTheirs = /^(update failed$|using pulumi-resource-\w+ from )/.test(message);
      if (/^(warning|error)$/.test(severity) && urn !== "" && !isTheirs) {
        const name = urn.slice(urn.lastIndexOf("::") + 2);
        said[name] = [...(said[name] ?? []), message];
      }
    }
    return said;
  }

  it("is of one image that is refused its error alone, and of its hook the engine's line", async () => {
    const stack = three("FROM scratch\nCOPPY main /\n");
    const error = { b: ["Unknown instruction COPPY (line 2 of Dockerfile). [DockerfileInvalid]"] };
    const refused = await stack.preview();
    assert.equal(refused.succeeded, false, refused.text);
    assert.deepEqual(complaints(refused), error);
    assert.doesNotMatch(refused.text, /PromiseRejectionHandledWarning/);

    const failed = await stack.up();
    assert.equal(failed.succeeded, false, failed.text);
    const { "b-image": hook, ...others } = complaints(failed);
    assert.deepEqual(others, error);
    assert.equal(hook?.length, 1);
    assert.match(
      hook[0] ?? "",
      /^before hook ".*:before" failed: see the error of its component \[DockerfileInvalid\]$/,
    );
  });

  it("is of one build that failed the instruction, and how to see what it printed or the last of it, and nothing of the others, which are tagged meanwhile", async () => {
    const Dockerfile = 'FROM busybox:1.36 AS one\nCOPY main /\nRUN sleep 4; echo "to be read" && \\\n    false\n';
    const stack = three(Dockerfile, { build: { network: "none", target: "one" } });
    const failed = await stack.up();
    assert.equal(failed.succeeded, false, failed.text);
    const { b, "b-image": provider, ...others } = complaints(failed);
    assert.deepEqual([b?.length, provider?.length, others], [1, 1, {}], failed.text);
    assert.match(
      b?.[0] ?? "",
      /^b: the build of [0-9a-f]{7} failed at line 3 of Dockerfile: RUN sleep 4; echo "to be read" && false\n/,
    );
    assert.match(
      b?.[0] ?? "",
      /\n(The last lines of that step:\n {4}to be read|`docker build --target one b` shows its output\.)$/,
    );
    for (const { repository } of Object.values(configOf(stack)).filter((_, index) => index !== 1)) {
      assert.equal((await registry.tags(repository)).length, 1);
    }
  });

  it(`is a summary of ${MANY} images, and nothing of each that is unchanged`, async () => {
    const source = project();
    const [changing = "", ...rest] = Array.from({ length: MANY }, (_, index) => `i${10 + index}`);
    const shared = registry.repository("shared");
    await publishFromDirectory(source.path("app"), shared);
    const config = (repository: string) => {
      // Those that may not publish can have the same tag.
      const others = rest.map((name) => [name, { context: "app", repository: shared, publish: false }]);
      return imagesConfig({ [changing]: { context: "app", repository }, ...Object.fromEntries(others) });
    };
    const stack = stackOf(source, {});
    const first = await stack.up(config(registry.repository("one")));
    const named = rest.slice(0, 10).join(", ");
    assert.deepEqual(summaryOf(first), [
      `${MANY} images: 1 published (${changing}), ${MANY - 1} adopted (${named}, and 10 more)`,
    ]);
    assert.equal([changing, ...rest].filter((name) => infoOn(first, name).length > 0).length, 20);

    const one = await stack.preview(config(registry.repository("another")));
    assert.deepEqual(summaryOf(one), [`${MANY} images: 1 to publish (${changing}), ${MANY - 1} unchanged`]);
    assert.equal(said(one, changing).length, 1);
    assert.deepEqual(
      rest.flatMap((name) => infoOn(one, name)),
      [],
    );
  });
});
