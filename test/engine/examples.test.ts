import * as assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { version } from "@pulumi/pulumi/version";
import { parse, stringify } from "yaml";
import { goCommand } from "../../scripts/setup/go";
import { run, which } from "../../scripts/setup/run";
import { type BuiltPlugin, buildPlugin } from "../support/builtPlugin";
import { hostMissing } from "../support/languageHost";
import { registry } from "../support/registry";
import { type Repo, repo } from "../support/repo";

const EXAMPLES = path.resolve(__dirname, "../../examples");

/** The examples in other languages, as a user runs them: on the engine, with the plugin and the language's own host. */
describe("the example in", function () {
  // Packages are downloaded, and Go's are compiled, where the user's caches have none.
  this.timeout(900_000);
  let plugin: BuiltPlugin | undefined;
  let scratch: string;
  let project: Repo;

  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "example-"));
    project = repo();
  });

  afterEach(() => {
    project.dispose();
    rmSync(scratch, { recursive: true });
  });

  after(() => plugin?.dispose());

  /** What keeps an example from being run here, if anything does; what a language needs is asked for in `scratch`. */
  const languages: Record<string, () => Promise<string | undefined>> = {
    yaml: async () => undefined,
    python: async () => {
      const venv = path.join(scratch, "venv");
      return (
        (await failureOf("python3", "-m", "venv", venv)) ??
        (await failureOf(path.join(venv, "bin/pip"), "download", "--quiet", "--no-deps", "--dest", scratch, "pulumi"))
      );
    },
    go: async () => {
      const go = await goCommand(25);
      return go
        ? failureOf(go, "mod", "download", `github.com/pulumi/pulumi/sdk/v3@v${version}`)
        : "there is no Go 1.25 or later";
    },
    java: async () =>
      which("mvn")
        ? failureOf("mvn", "--quiet", "--file", path.join(EXAMPLES, "java/pom.xml"), "dependency:resolve")
        : "there is no mvn",
  };

  /** The example of a language in the project, and a stack of it; skips the test if it can't be run here. */
  async function exampleStack(test: Mocha.Context, language: string): Promise<{ stack: Stack; repository: string }> {
    // The plugin is a program for Node.js, whatever the example's language is.
    const obstacle = hostMissing("nodejs") ?? hostMissing(language) ?? (await languages[language]?.());
    if (obstacle !== undefined) {
      console.log(`      left out: ${obstacle}`);
      test.skip();
    }
    plugin ??= await buildPlugin();
    cpSync(path.join(EXAMPLES, language), project.directory, { recursive: true });
    project.add().commit("Begin");
    const envVars = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${scratch}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // The plugin is built already.
      npm_config_ignore_scripts: "true",
    };
    await run("pulumi", ["package", "add", plugin.directory], { cwd: project.directory, env: envVars });
    const stack = await LocalWorkspace.createStack({ stackName: "test", workDir: project.directory }, { envVars });
    const repository = registry.repository(`example-${language}`);
    await stack.setConfig("repository", { value: repository });
    return { stack, repository };
  }

  for (const language of Object.keys(languages)) {
    it(`${language} publishes its image under its commit, and changes nothing when it is run again`, async function () {
      const { stack, repository } = await exampleStack(this, language);
      const tag = project.git("log", "-1", "--format=%H", "--", "app").slice(0, 7);
      const first = await stack.up();
      assert.deepEqual(first.summary.resourceChanges, { create: 4 });
      assert.deepEqual(Object.fromEntries(Object.entries(first.outputs).map(([name, { value }]) => [name, value])), {
        tag,
        reference: `${repository}:${tag}@${await registry.digest(`${repository}:${tag}`)}`,
      });

      const second = await stack.up();
      assert.deepEqual(second.summary.resourceChanges, { same: 4 });
      assert.deepEqual(second.outputs, first.outputs);
      assert.equal(registry.pushesTo(repository), 1);
    });
  }

  /** A value of the program in YAML. */
  const dollar = (value: string) => `$\{${value}}`;
  const onAnother: Record<string, (program: string) => string> = {
    "Pulumi.yaml": (program) =>
      program.replace(
        "outputs:\n",
        [
          "  api:",
          "    type: versioned-image:VersionedImage",
          "    properties:",
          "      context: ./api",
          `      repository: ${dollar("repository")}-api`,
          "      build:",
          "        bases:",
          "          BASE:",
          ...["reference", "covers", "tag"].map((output) => `            ${output}: ${dollar(`simple.${output}`)}`),
          "outputs:",
          `  api: ${dollar("api.reference")}`,
          "",
        ].join("\n"),
      ),
    "__main__.py": (program) =>
      [
        program,
        "api = versioned_image.VersionedImage(",
        '    "api",',
        '    context="./api",',
        '    repository=pulumi.Config().require("repository") + "-api",',
        '    build={"bases": {"BASE": {"reference": image.reference, "covers": image.covers, "tag": image.tag}}},',
        ")",
        'pulumi.export("api", api.reference)',
        "",
      ].join("\n"),
  };
  for (const [file, extended] of Object.entries(onAnother)) {
    it(`${file} builds an image on another, whose version follows it`, async function () {
      const { stack, repository } = await exampleStack(this, file.endsWith(".py") ? "python" : "yaml");
      project
        .write(file, extended(readFileSync(project.path(file), "utf8")))
        .write("api/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY api /api\n")
        .write("api/api", "one\n")
        .add()
        .commit("Api");
      const tagOf = async () => {
        await stack.preview();
        const { outputs } = await stack.up();
        return /:([0-9a-f]{7})@sha256:[0-9a-f]{64}$/.exec(outputs.api?.value)?.[1];
      };
      assert.equal(await tagOf(), project.head().slice(0, 7));
      project.write("app/message", "two\n").add().commit("Base");
      assert.equal(await tagOf(), project.head().slice(0, 7));
      assert.deepEqual(
        [repository, `${repository}-api`].map((each) => registry.pushesTo(each)),
        [2, 2],
      );
      assert.deepEqual((await stack.preview()).changeSummary, { same: 7 });
    });
  }

  it("yaml has an image wait for the one that it depends on, whose moving tag it is built on", async function () {
    const { stack, repository } = await exampleStack(this, "yaml");
    const file = project.path("Pulumi.yaml");
    const properties = {
      context: "./other",
      repository: `${repository}-other`,
      build: { args: { BASE: `${repository}:latest` } },
    };
    const program = parse(readFileSync(file, "utf8"));
    program.resources.simple.properties.alsoTag = ["latest"];
    program.resources.other = {
      type: "versioned-image:VersionedImage",
      properties,
      options: { dependsOn: [`$\{simple}`] },
    };
    project.write("Pulumi.yaml", stringify(program)).write("other/Dockerfile", "ARG BASE\nFROM $BASE\n").add().commit();
    const { summary } = await stack.up();
    assert.deepEqual(summary.resourceChanges, { create: 7 });
  });

  it("yaml may not have two images with the same tag, though the plugin is asked for each by itself", async function () {
    const { stack, repository } = await exampleStack(this, "yaml");
    const file = project.path("Pulumi.yaml");
    const program = readFileSync(file, "utf8");
    const [image = ""] = /^ {2}simple:\n(?: {4}.*\n)+/m.exec(program) ?? [];
    writeFileSync(file, program.replace(image, image + image.replace("simple:", "other:")));
    await assert.rejects(stack.preview(), /is already the tag of another image in this program, .*\[InvalidArgument\]/);
    assert.equal(registry.pushesTo(repository), 0);
  });
});

/** The last words of a program that fails. */
async function failureOf(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    await run(command, args);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
