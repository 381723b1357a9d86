import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import * as path from "node:path";
import { Monorepo } from "../support/monorepo";
import {
  changes,
  errorsOn,
  IMAGES,
  imageConfig,
  imageProject,
  imageStack,
  infoOn,
  warningsOn,
} from "../support/project";
import { publishFromDirectory } from "../support/publishFromDirectory";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

/** The recipes of docs/migration.md: what was published before this package came is adopted, and not built again. */
describe("migration", () => {
  const disposables: (() => void)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  function project(): Repo {
    const source = imageProject();
    disposables.push(() => source.dispose());
    return source;
  }

  function track(stack: TestStack): TestStack {
    disposables.push(() => stack.forget());
    return stack;
  }

  function outputsOf(result: Result): Record<string, unknown> {
    assert.equal(result.succeeded, true, result.text);
    return (result.outputs.images as { app: Record<string, unknown> }).app;
  }

  function adoptedOf(result: Result): string[] {
    assert.equal(result.succeeded, true, result.text);
    return infoOn(result, "app").map((line) => line.split(" ago): ")[1] ?? line);
  }

  function warning(spec: string, digest: string | undefined): string {
    return (
      `${spec} is in the registry already (${digest}) and will be used, but it has no dev.versioned-image.tree ` +
      "label, so nothing proves which commit it was built from."
    );
  }

  /** The tag as a shell script asks git for it, longer than 7 digits as in a large repository. */
  function scriptTag(source: Repo): string {
    return source.git("-c", "core.abbrev=9", "log", "-n", "1", "--format=%h", "--", "app");
  }

  /** What the script does: builds the directory that is on disk and pushes it. */
  function runScript(source: Repo, repository: string): string {
    const spec = `${repository}:${scriptTag(source)}`;
    const options = { env: { ...process.env, DOCKER_BUILDKIT: "0" }, stdio: "pipe" } as const;
    execFileSync("docker", ["build", "--quiet", "--tag", spec, source.path("app")], options);
    execFileSync("docker", ["push", "--quiet", spec], options);
    return spec;
  }

  it("from a shell script adopts what it has pushed, rolls back to it, and publishes the next commit without a warning", async () => {
    const [source, repository] = [project(), registry.repository("script")];
    const first = runScript(source, repository);
    const firstDigest = await registry.digest(first);
    source.write("app/main", "two\n").add().commit("Two");
    const spec = runScript(source, repository);
    const digest = await registry.digest(spec);

    const stack = track(imageStack(source, { repository, tagLength: 9 }));
    const preview = await stack.preview();
    assert.deepEqual(adoptedOf(preview), [`is in the registry already and will be used: ${repository}@${digest}`]);
    assert.deepEqual(changes(preview), { app: "create", "app-record": "create" });
    const result = await stack.up();
    const { outcome, reference } = outputsOf(result);
    assert.deepEqual({ outcome, reference }, { outcome: "adopted", reference: `${spec}@${digest}` });
    assert.deepEqual(warningsOn(result, "app"), [warning(spec, digest)]);

    source.git("checkout", "--quiet", "HEAD~1");
    const back = outputsOf(await stack.up());
    assert.deepEqual([back.outcome, back.reference], ["adopted", `${first}@${firstDigest}`]);
    assert.equal(registry.pushesTo(repository), 2);
    assert.deepEqual([await registry.digest(first), await registry.digest(spec)], [firstDigest, digest]);

    source.git("checkout", "--quiet", "main");
    source.write("app/main", "three\n").add().commit("Three");
    const next = await stack.up();
    assert.equal(outputsOf(next).outcome, "published");
    assert.deepEqual(warningsOn(next, "app"), []);
    const labels = await registry.labels(outputsOf(next).spec as string);
    assert.equal(labels["org.opencontainers.image.revision"], source.head());
    assert.deepEqual([registry.pushes(first), registry.pushes(spec)], [1, 1]);
  });

  it("from a shell script whose tags are longer builds the version under its own tag, and leaves theirs alone", async () => {
    const [source, repository] = [project(), registry.repository("length")];
    const spec = runScript(source, repository);
    const digest = await registry.digest(spec);
    const { outcome, tag } = outputsOf(await track(imageStack(source, { repository })).up());
    assert.deepEqual([outcome, tag], ["published", source.head().slice(0, 7)]);
    assert.equal(registry.pushes(spec), 1);
    assert.equal(await registry.digest(spec), digest);
  });

  it("from a plain docker.Image deletes its resource and keeps its image", async () => {
    const [source, repository] = [project(), registry.repository("plain-image")];
    const stack = track(
      new TestStack("test", {
        workDir: source.directory,
        env: process.env,
        program: path.join(__dirname, "programs/plain.ts"),
        config: { repository },
      }),
    );
    const before = await stack.up();
    assert.equal(before.succeeded, true, before.text);
    const spec = `${repository}:${source.head().slice(0, 7)}`;
    const digest = await registry.digest(spec);
    assert.equal(before.outputs.repoDigest, `${repository}@${digest}`);

    const migrated = (kind: "preview" | "up") =>
      stack.start(kind, imageConfig({ repository }), { program: IMAGES }).result;
    const steps = { app: "create", "app-record": "create", plain: "delete" };
    const preview = await migrated("preview");
    assert.deepEqual(adoptedOf(preview), [`is in the registry already and will be used: ${repository}@${digest}`]);
    assert.deepEqual(changes(preview), steps);
    const result = await migrated("up");
    const { outcome, reference } = outputsOf(result);
    assert.deepEqual({ outcome, reference }, { outcome: "adopted", reference: `${spec}@${digest}` });
    assert.deepEqual(changes(result), steps);
    assert.deepEqual(warningsOn(result, "app"), [warning(spec, digest)]);
    assert.equal(registry.pushesTo(repository), 1);
    assert.equal(await registry.digest(spec), digest);
  });

  it("from a build argument to a base gives each service a commit of its own", async () => {
    const monorepo = new Monorepo({}, {});
    disposables.push(() => monorepo.dispose());
    const stack = monorepo.stack("dev");
    const { base, worker } = JSON.parse(monorepo.config().images ?? "");
    const { reference } = await publishFromDirectory(monorepo.project.path("images/base"), base.repository);
    const before = { base, worker: { ...worker, on: {}, build: { args: { BASE: reference } } } };
    const argument = await stack.up({ images: JSON.stringify(before) });
    assert.equal(argument.succeeded, true, argument.text);
    monorepo.builds();

    const refused = await stack.preview();
    assert.equal(refused.succeeded, false, refused.text);
    const [message = "", ...more] = errorsOn(refused, "worker");
    assert.deepEqual(more, []);
    const tag = monorepo.project.head().slice(0, 7);
    assert.ok(
      message.startsWith(
        `${monorepo.repositories.worker}:${tag} is in the registry already, built from images/worker; this version covers images/base, ` +
          "images/worker. Different labels:\n",
      ),
      message,
    );
    assert.match(
      message,
      /\nIt is never overwritten\. Commit a change in images\/worker to get a new version\. \[TagTaken\]$/,
    );

    const dockerfile = monorepo.project.path("images/worker/Dockerfile");
    appendFileSync(dockerfile, "# built on images/base\n");
    monorepo.project.add().commit("Build the worker on its base");
    await monorepo.update(stack, { runtime: 1, api: 1, worker: 1 });
  });
});
