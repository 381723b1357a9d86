import * as assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { busybox, farmStack, farms, platformsOf } from "../support/buildKit";
import { changes, imageProject, succeeded } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { cli } from "../unit/cli/setup";

/** The command line's builds, on another daemon than the stacks'. */
describe("versioned-image publish --buildkit", () => {
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

  function project(dockerfile: string): Repo {
    const source = imageProject({ Dockerfile: dockerfile });
    disposables.push(() => source.dispose());
    copyFileSync(busybox(), source.path("app/busybox"));
    source.write("lib/code", "1\n").add().commit("Tools");
    process.chdir(source.directory);
    return source;
  }

  async function published(argv: string[], env: NodeJS.ProcessEnv = {}) {
    const { status, out, err } = await cli(["publish", ...argv, "--builder", "farm", "--json"], {
      env: { ...process.env, DOCKER_HOST: "unix:///nonexistent.sock", DOCKER_CONFIG: farms.other, ...env },
    });
    assert.equal(status, 0, err + out);
    return JSON.parse(out).images;
  }

  const shell = (line: string) => JSON.stringify(["/bin/busybox", "sh", "-c", line.replaceAll("@", "/bin/busybox ")]);

  it("gives a commit the digest that a stack gives it, with all that BuildKit can be told", async () => {
    const secret = "@cat /run/secrets/token > /dev/null; @echo $WORD > /word";
    const source = project(
      [
        "FROM scratch AS tools",
        "COPY busybox /bin/busybox",
        "ARG WORD",
        `RUN --mount=type=secret,id=token ${shell(secret)}`,
        "FROM scratch AS last",
        "COPY --from=tools /word /word",
        "COPY --from=lib code /code",
        "FROM scratch",
      ].join("\n"),
    );
    const [one, other] = [registry.repository("publish"), registry.repository("publish")];
    const stack = farmStack(source, {
      repository: one,
      build: {
        args: { WORD: "w" },
        contexts: { lib: "lib" },
        secrets: { token: "t" },
        target: "last",
        extraHosts: ["b.example:10.0.0.2", "a.example:10.0.0.1"],
      },
    });
    disposables.push(() => stack.forget());
    const image = succeeded(await stack.up());
    const argv = ["app", "--build-arg", "WORD", "--build-context", "lib=lib", "--secret", "id=token,env=TOKEN"];
    argv.push("--target", "last", "--add-host", "b.example:10.0.0.2", "--add-host", "a.example:10.0.0.1");
    const env = { WORD: "w", TOKEN: "other" };
    const [own] = await published([...argv, "--repository", other], env);
    assert.deepEqual([own.outcome, own.digest], ["published", image.digest]);
    const [adopted] = await published([...argv, "--repository", one], env);
    assert.deepEqual([adopted.outcome, adopted.digest], ["adopted", image.digest]);
    assert.deepEqual(changes(await stack.preview()), {});
  });

  it("publishes an index of several platforms, and a stack deploys it", async () => {
    const source = project("FROM scratch\nCOPY main /main\n");
    const repository = registry.repository("publish");
    const [image] = await published(["app", "--repository", repository, "--platform", "linux/arm64,linux/amd64"]);
    assert.deepEqual(Object.keys(await platformsOf(repository, image.digest)).sort(), ["linux/amd64", "linux/arm64"]);
    const stack = farmStack(source, { repository, build: { platforms: ["linux/amd64", "linux/arm64"] } });
    disposables.push(() => stack.forget());
    const adopted = succeeded(await stack.up());
    assert.deepEqual([adopted.digest, adopted.outcome], [image.digest, "adopted"]);
  });

  it("builds an image on another one of the same call", async () => {
    const source = project("FROM base\nCOPY main /main\n");
    source.write("images/base/Dockerfile", "FROM scratch\nCOPY file /base\n").write("images/base/file", "base\n");
    source.add().commit();
    const repository = `${registry.repository("publish")}/{name}`;
    const [app, base] = await published([
      "app",
      "images/base",
      "--base",
      "BASE=images/base",
      "--repository",
      repository,
    ]);
    const labels = await registry.labels(`${app.repository}:${app.tag}`);
    assert.equal(labels["org.opencontainers.image.base.digest"], base.digest);
  });

  it("publishes the targets of a bake file, a base of a base first, and takes them the next time", async () => {
    const source = project("FROM scratch\n");
    const repository = `${registry.repository("publish")}/{name}`;
    source.write("images/os/Dockerfile", `FROM scratch\nCOPY --from=tools busybox /bin/busybox\n`);
    source.write("images/runtime/Dockerfile", `FROM os\nARG WORD\nRUN ${shell("@echo $WORD > /word")}\n`);
    source.write("images/api/Dockerfile", `FROM runtime\nRUN ${shell("@cat /word")}\nCOPY Dockerfile /api\n`);
    source.write(
      "docker-bake.hcl",
      `target "os" {
         context  = "images/os"
         contexts = { tools = "app" }
       }
       target "runtime" {
         context  = "images/runtime"
         contexts = { os = "target:os" }
         args     = { WORD = "w" }
       }
       target "api" {
         context  = "images/api"
         contexts = { runtime = "target:runtime" }
       }`,
    );
    source.add().commit();
    const argv = ["api", "--bake", "docker-bake.hcl", "--repository", repository];
    const [os, runtime, api] = await published(argv);
    assert.deepEqual(
      [os, runtime, api].map(({ name, outcome }) => [name, outcome]),
      [
        ["os", "published"],
        ["runtime", "published"],
        ["api", "published"],
      ],
    );
    for (const [image, base] of [
      [runtime, os],
      [api, runtime],
    ]) {
      const labels = await registry.labels(`${image.repository}:${image.tag}`);
      assert.equal(labels["org.opencontainers.image.base.digest"], base.digest);
    }
    const again = await published(argv);
    assert.deepEqual(
      again.map(({ outcome, digest }: { outcome: string; digest: string }) => [outcome, digest]),
      [os, runtime, api].map(({ digest }) => ["adopted", digest]),
    );
    const { status, out } = await cli(["verify", ...argv], { env: { ...process.env, DOCKER_CONFIG: farms.other } });
    assert.equal(status, 0, out);
    assert.match(out, /^3 of 3 images consistent with git, 0 of them verified\.$/m);
  });
});
