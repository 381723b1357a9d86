import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRegistryClient } from "../../components/registry";
import { changes, imageProject, imageStack, imagesConfig, imagesOf, warningsOn } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { TestStack } from "../support/stack";
import { cli, type Ran } from "../unit/cli/setup";

/** The command line and stacks, which publish and deploy the same versions. */
describe("versioned-image publish", () => {
  const disposables: (() => void)[] = [];
  let home: string;

  beforeEach(() => {
    home = process.cwd();
  });

  afterEach(() => {
    process.chdir(home);
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  /** A repository with the image `app`, as the working directory. */
  function project(): Repo {
    const source = imageProject();
    disposables.push(() => source.dispose());
    process.chdir(source.directory);
    return source;
  }

  function stackOf(source: Repo, images: Record<string, object>): TestStack {
    const stack = imageStack(source, {}, { config: imagesConfig(images) });
    disposables.push(() => stack.forget());
    return stack;
  }

  function publish(...argv: string[]): Promise<Ran> {
    return cli(["publish", ...argv], { env: process.env });
  }

  /** What it says of its images. */
  async function published(...argv: string[]) {
    const { status, out, err } = await publish(...argv, "--json");
    assert.equal(status, 0, err);
    return JSON.parse(out).images;
  }

  /** An image, and one that is built on it. */
  function writeChain(source: Repo): void {
    source.write("images/base/Dockerfile", "FROM scratch\nCOPY file /base\n").write("images/base/file", "base\n");
    source.write("images/api/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY file /api\n").write("images/api/file", "api\n");
  }

  it("publishes what a stack then deploys, and does not build again; takes what a stack has published, whose labels are the same", async () => {
    const source = project();
    writeChain(source);
    source.write("own/Dockerfile", "FROM scratch AS last\nARG WORD\nCOPY file /\n").write("own/file", "own\n");
    source.add().commit();
    const repository = registry.repository("publish");
    const [image] = await published("app", "--repository", repository);
    assert.deepEqual(image, {
      context: "app",
      name: "app",
      repository,
      tag: source.git("rev-parse", "HEAD~1").slice(0, 7),
      commit: source.git("rev-parse", "HEAD~1"),
      digest: await registry.digest(`${repository}:${image.tag}`),
      reference: `${repository}:${image.tag}@${image.digest}`,
      outcome: "published",
    });
    const other = registry.repository("publish");
    const [{ digest }] = await published("app", "--repository", other);
    const namespace = registry.repository("publish");
    const onBase = ["--base", "BASE=images/base", "--repository", `${namespace}/{name}`];
    const [api, base] = await published("images/api", "images/base", ...onBase);

    const own = registry.repository("publish");
    const bases = { BASE: { reference: base.reference, covers: ["images/base"], tag: base.tag } };
    const stack = stackOf(source, {
      app: { repository, publish: false },
      other: { context: "app", repository: other },
      api: { context: "images/api", repository: `${namespace}/api`, build: { bases } },
      own: { repository: own, build: { args: { WORD: "one" }, target: "last" } },
    });
    const preview = await stack.preview();
    const created = ["app", "other", "api", "own"].flatMap((name) => [name, `${name}-record`]);
    const steps = Object.fromEntries([...created, "own-image"].map((name) => [name, "create"]));
    assert.deepEqual(changes(preview), steps);
    const images = imagesOf<"app" | "other" | "api" | "own">(await stack.up());
    for (const [name, expected] of Object.entries({ app: image.digest, other: digest, api: api.digest })) {
      const found = images[name as keyof typeof images];
      assert.deepEqual([found.digest, found.outcome], [expected, "adopted"]);
    }
    const again = await stack.preview();
    assert.deepEqual(changes(again), {});
    assert.deepEqual([warningsOn(again, "app"), warningsOn(again, "other")], [[], []]);
    for (const each of [repository, other]) {
      assert.equal(registry.contentsPushedTo(each), 2, "once, and moved to what is published");
    }

    const argv = ["own", "--build-arg", "WORD=one", "--target", "last"];
    const [adopted] = await published(...argv, "--repository", own);
    assert.deepEqual([adopted.outcome, adopted.digest], ["adopted", images.own.digest]);
    const apart = registry.repository("publish");
    const [second] = await published(...argv, "--repository", apart);
    assert.equal(second.outcome, "published");
    assert.deepEqual(await registry.labels(`${apart}:${second.tag}`), await registry.labels(images.own.spec));

    const changed = await publish("own", "--build-arg", "WORD=two", "--target", "last", "--repository", own);
    assert.equal(changed.status, 1);
    assert.match(
      changed.err,
      /^versioned-image: own: .* is published already, built with [\s\S]* \[BuildInputsChanged\]\n$/,
    );
  });

  it("publishes several, though one fails, and builds one on another", async () => {
    const source = project();
    writeChain(source);
    source.write("images/bad/Dockerfile", "FROM scratch\nCOPY none /none\n").write("images/bad/file", "bad\n");
    source.add().commit();
    const repository = `${registry.repository("publish")}/{name}`;
    const named = (name: string) => repository.replace("{name}", name);
    const argv = ["images/api", "images/bad", "images/base", "--base", "BASE=images/base", "--repository", repository];

    const tried = await publish(...argv, "--dry-run");
    assert.equal(tried.status, 0, tried.err);
    const tag = source.head().slice(0, 7);
    const lines = ["api", "bad", "base"].map((name) => `images/${name}\t${named(name)}:${tag}\n`);
    assert.equal(tried.out, lines.join(""));
    assert.deepEqual(await registry.tags(named("base")), []);

    const report = source.path("report.json");
    const { status, out, err } = await publish(...argv, "--report", report);
    const { dryRun, images } = JSON.parse(readFileSync(report, "utf8"));
    assert.deepEqual([status, dryRun], [1, false], err);
    const [api, bad, base] = images;
    assert.equal(out, `images/api\t${api.reference}\nimages/base\t${base.reference}\n`);
    assert.deepEqual([api.outcome, bad.error.code, base.outcome], ["published", "BuildFailed", "published"]);
    assert.match(
      bad.error.message,
      /^`docker build` failed for \S+, which is not published: exit status 1; its last lines:\n/,
    );
    assert.match(err, /^3 images: 2 published \(api, base\), 1 failed$/m);
    const labels = await registry.labels(`${named("api")}:${tag}`);
    assert.equal(labels["org.opencontainers.image.base.name"], `${named("base")}:${tag}`);
    assert.equal(labels["org.opencontainers.image.base.digest"], base.digest);

    // By itself, it is built on what the registry has of its base.
    const alone = `${registry.repository("publish")}/{name}`;
    const lacking = await publish("images/api", "--base", "BASE=images/base", "--repository", alone);
    assert.match(
      lacking.err,
      /--base BASE is images\/base, but the registry does not have its version .* \[BaseMismatch\]\n$/,
    );
    await published("images/base", "--repository", alone);
    const [later] = await published("images/api", "--base", "BASE=images/base", "--repository", alone);
    assert.equal(later.outcome, "published");
  });

  it("says what failed of an image that others are built on", async () => {
    const source = project();
    source.write("images/base/Dockerfile", "FROM scratch\nCOPY none /none\n");
    source.write("images/api/Dockerfile", "ARG BASE\nFROM $BASE\n").add().commit();
    const repository = `${registry.repository("publish")}/{name}`;
    const argv = ["images/api", "images/base", "--base", "BASE=images/base", "--repository", repository];
    const { status, out, err } = await publish(...argv);
    assert.deepEqual([status, out], [1, ""]);
    assert.match(
      err,
      /^versioned-image: images\/api: --base BASE is images\/base, which failed \(see its own error\)\. Nothing was built on it\. \[BuildFailed\]$/m,
    );
  });

  it("publishes what is on disk over the debug tag, and moves further tags", async () => {
    const [source, repository] = [project(), registry.repository("publish")];
    source.write("app/main", "two\n");
    const [debug] = await published("app", "--debug", "--repository", repository, "--also-tag", "latest");
    assert.deepEqual([debug.outcome, debug.tag], ["debug", `${source.head().slice(0, 7)}-debug`]);
    assert.equal((await registry.labels(`${repository}:${debug.tag}`))["dev.versioned-image.dirty"], "true");
    source.write("app/main", "three\n");
    const [again] = await published("app", "--debug", "--repository", repository);
    assert.notEqual(again.digest, debug.digest);
    assert.equal(await registry.digest(`${repository}:${debug.tag}`), again.digest);
    assert.deepEqual(await registry.tags(repository), [debug.tag]);

    source.add().commit();
    const [first] = await published("app", "--repository", repository, "--also-tag", "latest");
    assert.equal(await registry.digest(`${repository}:latest`), first.digest);
    const revision = ["--revision", "HEAD~1", "--also-tag", "latest"];
    const [earlier] = await published("app", "--repository", repository, ...revision);
    assert.equal(earlier.commit, source.git("rev-parse", "HEAD~1"));
    assert.equal(await registry.digest(`${repository}:latest`), earlier.digest);
  });

  it("leaves nothing behind: no image in Docker, no file, and a scratch tag that keeps nothing of its own", async () => {
    const [source, repository] = [project(), registry.repository("publish")];
    const [image] = await published("app", "--repository", repository);
    const images = execFileSync("docker", ["image", "ls", "--format", "{{.Repository}}"], { encoding: "utf8" });
    assert.equal(images.includes(repository), false);
    assert.equal(source.git("status", "--porcelain"), "");
    const tags = await createRegistryClient().tags(repository);
    const scratch = tags.filter((tag) => tag !== image.tag);
    assert.match(scratch.join(), /^scratch-publish-[0-9a-f]{12}$/);
    assert.equal(await registry.digest(`${repository}:${scratch[0]}`), image.digest);
  });
});
