import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import * as path from "node:path";
import { Monorepo } from "../support/monorepo";
import {
  changes,
  errorsOn,
  IMAGES,
  type Image,
  imageProject,
  imagesConfig,
  imagesOf,
  infoOn,
  warningsOn,
} from "../support/project";
import { publishFromDirectory } from "../support/publishFromDirectory";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

/** The recipes of docs/migration.md: what was published before this package came is adopted, and not built again. */
describe("migration", () => {
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

  describe("from a shell script and a plain docker.Image", () => {
    /** Of which the script's tags are as long as this package's, or longer, and of which the docker.Image was. */
    const names = ["app", "longer", "kept"] as const;
    type Name = (typeof names)[number];
    let source: Repo;
    let stack: TestStack;
    let repositories: Record<Name, string>;
    let specs: Record<Name, string>;
    let digests: Record<Name, string | undefined>;
    /** What the script has pushed of the commit before. */
    let earlier: { spec: string; digest: string | undefined };
    let preview: Result;
    let update: Result;
    let images: Record<Name, Image>;

    before(async () => {
      source = imageProject();
      repositories = {
        app: registry.repository("script"),
        longer: registry.repository("length"),
        kept: registry.repository("plain-image"),
      };
      const first = runScript(source, repositories.app);
      earlier = { spec: first, digest: await registry.digest(first) };
      source.write("app/main", "two\n").add().commit("Two");
      const { app, longer, kept } = repositories;
      stack = new TestStack("test", {
        workDir: source.directory,
        env: process.env,
        program: IMAGES,
        config: imagesConfig({
          app: { repository: app, tagLength: 9 },
          longer: { context: "app", repository: longer },
          kept: { context: "app", repository: kept },
        }),
      });
      const made = await stack.up({ repository: kept }, { program: path.join(__dirname, "programs/plain.ts") });
      assert.equal(made.succeeded, true, made.text);
      specs = {
        app: runScript(source, app),
        longer: runScript(source, longer),
        kept: `${kept}:${source.head().slice(0, 7)}`,
      };
      const served = await Promise.all(names.map(async (name) => [name, await registry.digest(specs[name])] as const));
      digests = Object.fromEntries(served) as typeof digests;
      assert.equal(made.outputs.repoDigest, `${kept}@${digests.kept}`);
      preview = await stack.preview();
      update = await stack.up();
      images = imagesOf(update);
    });

    after(() => {
      stack?.forget();
      source?.dispose();
    });

    /** What is there, and is taken as it is. */
    function assertAdopted(name: "app" | "kept"): void {
      const said = infoOn(preview, name).map((line) => line.split(" ago): ")[1] ?? line);
      assert.deepEqual(said, [`is in the registry already and will be used: ${repositories[name]}@${digests[name]}`]);
      const { outcome, reference } = images[name];
      assert.deepEqual({ outcome, reference }, { outcome: "adopted", reference: `${specs[name]}@${digests[name]}` });
      assert.deepEqual(warningsOn(update, name), [
        `${specs[name]} is in the registry already (${digests[name]}) and will be used, but it has no ` +
          "dev.versioned-image.tree label, so nothing proves which commit it was built from.",
      ]);
    }

    it("adopts what the script has pushed", () => {
      assertAdopted("app");
      assert.equal(registry.pushes(specs.app), 1);
    });

    it("builds the version under its own tag where the script's are longer, and leaves theirs alone", async () => {
      const { outcome, tag } = images.longer;
      assert.deepEqual([outcome, tag], ["published", source.head().slice(0, 7)]);
      assert.equal(registry.pushes(specs.longer), 1);
      assert.equal(await registry.digest(specs.longer), digests.longer);
    });

    it("deletes the docker.Image's resource and keeps its image", async () => {
      assertAdopted("kept");
      for (const result of [preview, update]) {
        const { plain, ...others } = changes(result);
        assert.equal(plain, "delete");
        const made = ["app", "app-record", "kept", "kept-record", "longer", "longer-image", "longer-record"];
        assert.deepEqual(others, Object.fromEntries(made.map((name) => [name, "create"])));
      }
      assert.equal(registry.pushesTo(repositories.kept), 1);
      assert.equal(await registry.digest(specs.kept), digests.kept);
    });

    it("rolls back to what the script has pushed, and publishes the next commit without a warning", async () => {
      const config = imagesConfig({ app: { repository: repositories.app, tagLength: 9 } });
      source.git("checkout", "--quiet", "HEAD~1");
      const back = imagesOf<Name>(await stack.up(config)).app;
      assert.deepEqual([back.outcome, back.reference], ["adopted", `${earlier.spec}@${earlier.digest}`]);
      assert.equal(registry.pushesTo(repositories.app), 2);
      const served = await Promise.all([earlier.spec, specs.app].map((spec) => registry.digest(spec)));
      assert.deepEqual(served, [earlier.digest, digests.app]);

      source.git("checkout", "--quiet", "main");
      source.write("app/main", "three\n").add().commit("Three");
      const next = await stack.up(config);
      assert.equal(imagesOf<Name>(next).app.outcome, "published");
      assert.deepEqual(warningsOn(next, "app"), []);
      const labels = await registry.labels(imagesOf<Name>(next).app.spec);
      assert.equal(labels["org.opencontainers.image.revision"], source.head());
      assert.deepEqual([registry.pushes(earlier.spec), registry.pushes(specs.app)], [1, 1]);
    });
  });

  it("from a build argument to a base gives each service a commit of its own", async () => {
    const monorepo = new Monorepo({}, {});
    try {
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
    } finally {
      monorepo.dispose();
    }
  });
});
