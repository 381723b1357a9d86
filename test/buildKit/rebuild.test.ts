import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { addressOf, busybox, contentOf, farmStack, farms } from "../support/buildKit";
import { changes, type Image, imageConfig, imageProject, succeeded } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { cliJson } from "../unit/cli/setup";

interface Check {
  name: string;
  result: string;
  message: string;
}

/** An image against what its commit gives, on a daemon that has never seen it. */
describe("versioned-image verify --rebuild", () => {
  let home: string;
  let disposables: (() => void)[] = [];

  beforeEach(() => {
    home = process.cwd();
  });

  afterEach(() => {
    process.chdir(home);
    for (const dispose of disposables) {
      dispose();
    }
    disposables = [];
  });

  function project(dockerfile: string): Repo {
    const source = imageProject({ Dockerfile: dockerfile });
    copyFileSync(busybox(), source.path("app/busybox"));
    source.write("lib/code", "1\n").add().commit("Tools");
    disposables.push(() => source.dispose());
    return source;
  }

  async function published(source: Repo, build: object): Promise<Image> {
    const stack = farmStack(source, { repository: registry.repository("rebuild"), build });
    disposables.push(() => stack.forget());
    return succeeded(await stack.up());
  }

  async function content(source: Repo, ...args: string[]): Promise<Check> {
    process.chdir(source.directory);
    const env = { ...process.env, DOCKER_CONFIG: farms.other };
    const { json } = await cliJson(["verify", ...args, "--rebuild", "--builder", "farm"], { env });
    return (
      (json.checks as Check[] | undefined)?.find(({ name }) => name === "content") ?? assert.fail(JSON.stringify(json))
    );
  }

  const shell = (line: string) => JSON.stringify(["/bin/busybox", "sh", "-c", line.replaceAll("@", "/bin/busybox ")]);

  it("proves an image of two platforms, with arguments and named contexts", async () => {
    const source = project(
      `FROM scratch\nARG WORD\nCOPY busybox /bin/busybox\nCOPY --from=lib code /code\nENV WORD=$WORD\nCOPY main /main\n`,
    );
    const build = { platforms: ["linux/amd64", "linux/arm64"], args: { WORD: "w" }, contexts: { lib: "lib" } };
    const image = await published(source, build);
    const named = ["--context", "app", "--build-context", "lib=lib"];
    const check = await content(source, image.spec, ...named, "--build-arg", "WORD=w");
    assert.deepEqual(check, {
      name: "content",
      result: "proven",
      message: `a rebuild of commit ${source.head()} gives the same digest`,
      required: true,
    });
    const env = { ...process.env, DOCKER_CONFIG: farms.other };
    const { json } = await cliJson(["verify", image.spec, ...named, "--rebuild", "--builder", "farm"], { env });
    assert.equal((json.error as { code: string }).code, "InvalidArgument");
    const { json: both } = await cliJson(["verify", image.spec, ...named], { env });
    assert.equal(
      (both.checks as Check[]).find(({ name }) => name === "platforms")?.message,
      "the images for linux/amd64, linux/arm64 have the same origin",
    );
  });

  it("names the instruction and the files of one that is not what its commit gives", async () => {
    const line = "@cat /proc/sys/kernel/random/uuid > /when; @echo same > /same";
    const unlike = project(`FROM scratch\nCOPY busybox /bin/busybox\nRUN ${shell(line)}\n`);
    const check = await content(unlike, (await published(unlike, {})).spec);
    assert.equal(check.result, "unproven");
    assert.match(
      check.message,
      /^a rebuild gives a different image: for linux\/amd64 the layers differ from layer 2 on, made by RUN \/bin\/busybox sh -c .*, in when$/,
    );
  });

  it("finds the file that was swapped under the labels of an honest image", async () => {
    const source = project("FROM scratch\nCOPY main /main\n");
    const { spec } = await published(source, {});
    const honest = await content(source, spec);
    assert.deepEqual(
      [honest.result, honest.message],
      ["proven", `a rebuild of commit ${source.head()} gives the same digest`],
    );
    const repository = spec.slice(0, spec.lastIndexOf(":"));
    const labels = Object.entries(await registry.labels(spec));
    source.write("app/main", "swapped\n");
    const context = source.path("app");
    const args = [
      ...["--addr", addressOf(farms.one), "build", "--frontend=dockerfile.v0"],
      ...["--local", `context=${context}`, "--local", `dockerfile=${context}`],
      ...["--opt", `build-arg:SOURCE_DATE_EPOCH=${source.git("show", "-s", "--format=%ct")}`],
      ...labels.flatMap(([name, value]) => ["--opt", `label:${name}=${value}`]),
      ...[
        "--output",
        `type=image,name=${repository}:fake,push=true,oci-mediatypes=true,rewrite-timestamp=true,source-date-epoch=315532801`,
      ],
    ];
    execFileSync("buildctl", args, { stdio: "pipe" });
    const check = await content(source, `${repository}:fake`);
    assert.deepEqual(
      [check.result, check.message],
      [
        "unproven",
        "a rebuild gives a different image: for linux/amd64 the layers differ from layer 1 on, made by " +
          "COPY main /main, in main",
      ],
    );
  });

  it("proves an image whose Dockerfile is outside of the context, with the files that docker build gives it", async () => {
    const [dockerfile, own] = ["../docker/web.Dockerfile", "docker/web.Dockerfile.dockerignore"];
    const source = imageProject({
      [dockerfile]: `FROM scratch\nCOPY busybox /bin/\nCOPY . /app/\nRUN ${shell("@echo [$(@ls -A /app)] > /list")}\n`,
      ".dockerignore": "main\n",
    });
    disposables.push(() => source.dispose());
    copyFileSync(busybox(), source.path("app/busybox"));
    source.add().commit("Tools");
    const repository = registry.repository("outside");
    const stack = farmStack(source, { repository, dockerfile });
    disposables.push(() => stack.forget());

    const holds = async (list: string, args: object = {}) => {
      const out = source.path("out");
      const options = ["--builder", "farm", "--file", "docker/web.Dockerfile", "--output", `type=local,dest=${out}`];
      const env = { ...process.env, DOCKER_CONFIG: farms.other };
      execFileSync("docker", ["buildx", "build", ...options, "app"], { cwd: source.directory, env, stdio: "pipe" });
      assert.equal(readFileSync(path.join(out, "list"), "utf8"), list);
      const build = { builder: "BuildKit", builderName: "farm" };
      stack.options.config = imageConfig({ repository, dockerfile, build, ...args });
      const image = succeeded(await stack.up());
      assert.ok((await contentOf(repository, image.digest)).includes(list), list);
      return image.reference;
    };
    await holds("[.dockerignore Dockerfile busybox]\n");
    source.write(own, "Dockerfile\n");
    await holds("[.dockerignore busybox main]\n", { debug: true });
    source.write(own, ".dockerignore\n").add().commit("An ignore file of its own");
    const reference = await holds("[Dockerfile busybox main]\n");
    const unchanged = await stack.preview();
    assert.deepEqual([unchanged.succeeded, changes(unchanged)], [true, {}], unchanged.text);
    const { result, message } = await content(source, reference, "--context", "app", "--dockerfile", dockerfile);
    assert.deepEqual([result, message], ["proven", `a rebuild of commit ${source.head()} gives the same digest`]);
  });
});
