import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../components";
import { knownValue } from "../../components/pulumi/outputs";
import { diagnosticOf } from "../support/diagnosticOf";
import { ABSENT, FakeRegistry, type Reply } from "../support/fakeRegistry";
import { MemoryRegistry } from "../support/memoryRegistry";
import { declaredBy, inputsOf, outputsOf } from "../support/mocked";
import { type Repo, repo } from "../support/repo";
import { BUILD, labelsOf, TREE } from "../unit/cli/setup";

const DIGEST = `sha256:${"d".repeat(64)}`;

const BUILT = "platform=linux/amd64 dockerfile=Dockerfile";

const UNKNOWN = pulumi.output(pulumi.unknown as unknown as string);

/** From where an image comes that may be copied, under Pulumi's mocks: what a preview says, and what is declared. */
describe("copyFrom", () => {
  const home = process.cwd();
  let project: Repo;
  let production: MemoryRegistry;
  let staging: MemoryRegistry;
  let registry: FakeRegistry;
  /** What staging answers in place of what it holds. */
  let trouble: Reply | undefined;
  let tag: string;

  beforeEach(async () => {
    project = repo()
      .write("base/Dockerfile", "FROM scratch\n")
      .write("app/Dockerfile", "ARG BASE=scratch\nFROM $BASE\n")
      .add()
      .commit("Begin");
    tag = project.head().slice(0, 7);
    [production, staging, trouble] = [new MemoryRegistry(), new MemoryRegistry(), undefined];
    registry = await FakeRegistry.start((request) => {
      const name = /^\/v2\/(\w+)/.exec(request.url)?.[1];
      return name === "staging"
        ? (trouble ?? staging.answer(name, request))
        : name === "production"
          ? production.answer(name, request)
          : ABSENT;
    });
    process.chdir(project.directory);
  });

  afterEach(async () => {
    process.chdir(home);
    await registry.stop();
    project.dispose();
  });

  const repository = (name: string) => `${registry.host}/${name}`;

  function published(context = "app", more: Record<string, string> = {}): Record<string, string> {
    return { ...labelsOf(project, project.head(), context), [BUILD]: BUILT, ...more };
  }

  async function run(args: Partial<VersionedImageArgs> = {}, preview = true) {
    const said: string[] = [];
    const info = pulumi.log.info;
    Object.assign(pulumi.log, { info: async (message: string) => void said.push(message) });
    try {
      const { declared, made } = await declaredBy(
        async () => {
          const given = { context: "app", repository: repository("production"), copyFrom: repository("staging") };
          return outputsOf(new VersionedImage("app", { ...given, ...args }));
        },
        {
          preview,
          state: ({ inputs }) => ({
            ...inputs,
            output: inputs.input,
            ...(preview ? {} : { repoDigest: `a@${DIGEST}` }),
          }),
        },
      );
      return { outputs: made, said: said.map((text) => text.replace(/ \(commit .*?\)/, "")), declared };
    } finally {
      Object.assign(pulumi.log, { info });
    }
  }

  const asked = (name: string) => registry.seen.filter(({ url }) => url.startsWith(`/v2/${name}/`));

  for (const preview of [true, false]) {
    const when = preview ? "preview" : "update";

    it(`asks no other repository for what the image's own has (${when})`, async () => {
      const { digest } = production.push(tag, published(), ["amd64"]);
      const { outputs, said } = await run({}, preview);
      assert.deepEqual([outputs.outcome, outputs.digest], ["adopted", digest]);
      assert.deepEqual(asked("staging"), []);
      assert.equal(said.length, 1);
    });

    for (const publish of [true, false]) {
      it(`takes what the other repository has, and writes nothing (${when}, publish: ${publish})`, async () => {
        const { digest } = staging.push(tag, published(), ["amd64"]);
        const { outputs, said, declared } = await run({ publish }, preview);
        assert.equal(outputs.outcome, "copied");
        assert.equal(outputs.reference, `${repository("production")}:${tag}@${digest}`);
        assert.deepEqual(said, [`app: ${tag}: will be copied from ${repository("staging")}@${digest}`]);
        assert.deepEqual(
          declared.map(({ name }) => name),
          ["app", "app-record"],
        );
        const { copied, ...rest } = inputsOf(declared, "app-record").input as { copied: { at: string } };
        const spec = `${repository("production")}:${tag}`;
        assert.deepEqual(rest, { own: {}, debug: {}, current: { spec, digest, build: BUILT } });
        assert.deepEqual(copied, { spec, digest, from: repository("staging"), at: copied.at });
        assert.ok(registry.seen.every(({ method }) => ["GET", "HEAD"].includes(method)));
      });
    }

    it(`refuses what the other repository has if it was made otherwise (${when})`, async () => {
      staging.push(tag, published("app", { [BUILD]: "platform=linux/amd64 dockerfile=Dockerfile args=0" }), ["amd64"]);
      const otherBuild = await diagnosticOf("BuildInputsChanged", () => run({}, preview));
      assert.ok(otherBuild.startsWith(`${repository("staging")}:${tag} is published already, built with`), otherBuild);
      staging.push(tag, published("app", { [TREE]: "0".repeat(40) }), ["amd64"]);
      const otherFiles = await diagnosticOf("TagTaken", () => run({}, preview));
      assert.ok(otherFiles.startsWith(`${repository("staging")}:${tag} is in the registry already, but`), otherFiles);
    });

    it(`builds what neither has (${when})`, async () => {
      const { outputs, said, declared } = await run({}, preview);
      assert.equal(outputs.outcome, "published");
      assert.deepEqual(said, [`app: ${tag}: will be built and pushed to ${repository("production")}`]);
      assert.ok(declared.some(({ name }) => name === "app-image"));
    });

    it(`refuses what neither has where it may not publish (${when})`, async () => {
      assert.equal(
        await diagnosticOf("NotPublished", () => run({ publish: false }, preview)),
        `${repository("production")}:${tag} is not in the registry, nor is ${repository("staging")}:${tag} (copyFrom), ` +
          "and publish is false. First run the stack that publishes it at this commit, or leave publish out to build the image here.",
      );
    });

    for (const [status, code] of [
      [401, "RegistryUnauthorized"],
      [403, "RegistryUnauthorized"],
      [500, "RegistryUnavailable"],
    ] as const) {
      it(`takes no answer for none: ${status} (${when})`, async () => {
        trouble = { status, headers: { "retry-after": "0" } };
        for (const publish of [true, false]) {
          await diagnosticOf(code, () => run({ publish }, preview));
        }
      });
    }

    it(`never copies a debug image (${when})`, async () => {
      staging.push(`${tag}-debug`, published(), ["amd64"]);
      const { outputs } = await run({ debug: true }, preview);
      assert.equal(outputs.outcome, "debug");
      assert.deepEqual(asked("staging"), []);
    });

    it(`refuses what is no other repository (${when})`, async () => {
      assert.equal(
        await diagnosticOf("InvalidArgument", () => run({ copyFrom: `${repository("staging")}:1` }, preview)),
        `copyFrom: "${repository("staging")}:1" does not name an image in a registry: it has a tag or digest, but the version ` +
          "sets them: remove it.",
      );
      assert.equal(
        await diagnosticOf("InvalidArgument", () => run({ copyFrom: repository("production") }, preview)),
        `copyFrom is ${repository("production")}, the repository that the image is published to. Name another one, or leave copyFrom out.`,
      );
      assert.deepEqual(registry.requests, []);
    });
  }

  it("that a preview does not know decides nothing but where the image's own repository has the version", async () => {
    for (const [publish, otherwise] of [
      [true, "and published unless it is in one of them"],
      [false, "and must be in one of them"],
    ] as const) {
      const { outputs, said } = await run({ copyFrom: UNKNOWN, publish });
      assert.deepEqual([outputs.outcome, outputs.digest], [undefined, undefined]);
      assert.deepEqual(said, [
        `app: ${tag}: will be looked for in ${repository("production")} and another repository that is not known yet, ${otherwise}`,
      ]);
    }
    production.push(tag, published(), ["amd64"]);
    assert.equal((await run({ copyFrom: UNKNOWN })).outputs.outcome, "adopted");
  });

  it("is not asked by a preview that is offline", async () => {
    process.env.VERSIONED_IMAGE_OFFLINE = "1";
    try {
      const { outputs, said } = await run({ publish: false });
      assert.deepEqual([outputs.outcome, outputs.digest], [undefined, undefined]);
      assert.deepEqual(said, [
        `app: ${tag}: will be looked for in ${repository("production")} and ${repository("staging")}, and must be in one of them`,
      ]);
      assert.deepEqual(registry.requests, []);
    } finally {
      delete process.env.VERSIONED_IMAGE_OFFLINE;
    }
  });

  for (const [tree, code] of [
    [undefined, undefined],
    ["0".repeat(40), "TagTaken"],
  ] as const) {
    it(`lets an image be built on one that is to be copied${code ? ", if that is what it is taken for" : ""}`, async () => {
      staging.push(tag, published("base", tree === undefined ? {} : { [TREE]: tree }), ["amd64"]);
      const program = async () => {
        const base = new VersionedImage("base", {
          context: "base",
          repository: repository("production"),
          copyFrom: repository("staging"),
        });
        const app = new VersionedImage("app", {
          context: "app",
          repository: repository("app"),
          build: { bases: { BASE: base } },
        });
        return [await knownValue(base.outcome), await knownValue(app.outcome)];
      };
      if (code) {
        await diagnosticOf(code, () => declaredBy(program, { preview: true }));
      } else {
        assert.deepEqual((await declaredBy(program, { preview: true })).made, ["copied", "published"]);
      }
    });
  }
});
