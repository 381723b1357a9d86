import * as assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { TagPolicy, VersionedImage, type VersionedImageArgs } from "../../components";
import type { ErrorCode } from "../../components/errors";
import { knownValue, unknownOutput } from "../../components/pulumi/outputs";
import { diagnosticOf } from "../support/diagnosticOf";
import { ABSENT, FakeRegistry, type Reply, type Seen } from "../support/fakeRegistry";
import { GoogleEnvironment } from "../support/googleEnvironment";
import { type Declared, declaredBy, inputsOf, outputsOf } from "../support/mocked";
import { type Repo, repo } from "../support/repo";

const DIGEST = `sha256:${"d".repeat(64)}`;

const IMAGE = "docker:index/image:Image";

/** The component by itself, under Pulumi's mocks: what it declares, and what it gives, in preview and in update. */
describe("VersionedImage", () => {
  let project: Repo;
  let registry: FakeRegistry;
  let held: Reply;
  let answer: (request: Seen) => Reply;
  let home: string;

  beforeEach(async () => {
    home = process.cwd();
    project = repo().write("app/Dockerfile", "FROM scratch\n").write("app/main", "one\n").add().commit("Begin");
    held = ABSENT;
    answer = () => held;
    registry = await FakeRegistry.start((request) => answer(request));
    process.chdir(project.directory);
  });

  afterEach(async () => {
    process.chdir(home);
    await registry.stop();
    project.dispose();
  });

  async function run(args: Partial<VersionedImageArgs> = {}, preview = false) {
    const state = ({ type, inputs }: Declared) => {
      if (type !== IMAGE || preview) {
        return { ...inputs, output: inputs.input };
      }
      held = served();
      return { ...inputs, repoDigest: `${registry.host}/app@${DIGEST}` };
    };
    const { declared, made } = await declaredBy(
      async () => {
        const image = new VersionedImage("app", { context: "app", repository: `${registry.host}/app`, ...args });
        return outputsOf(image);
      },
      { preview, state },
    );
    return {
      outputs: made,
      children: declared.filter(({ type }) => type !== "versioned-image:index:VersionedImage"),
    };
  }

  function served(): Reply {
    return {
      status: 200,
      headers: {
        "docker-content-digest": DIGEST,
        "content-type": "application/vnd.docker.distribution.manifest.v2+json",
      },
    };
  }

  function imageInputs(children: Declared[], name = "app-image"): Record<string, unknown> {
    const image = children.find(({ type }) => type === IMAGE);
    assert.ok(image, "no docker.Image was declared");
    assert.equal(image.name, name);
    return image.inputs;
  }

  /** The registry is asked in the update which scratch tag is free. */
  function assertScratch(imageName: string, preview: boolean): void {
    if (preview) {
      assert.equal(imageName, pulumi.unknown);
    } else {
      assert.match(imageName, new RegExp(`^${registry.host}/app:scratch-stack-[0-9a-f]{12}$`));
    }
  }

  for (const preview of [true, false]) {
    const when = preview ? "preview" : "update";

    it(`declares a production image that is built from the commit (${when})`, async () => {
      const { outputs, children } = await run({}, preview);
      const commit = project.head();
      const tag = commit.slice(0, 7);
      const spec = `${registry.host}/app:${tag}`;
      const tree = project.git("rev-parse", "HEAD:app");
      assert.deepEqual(outputs, {
        tag,
        spec,
        reference: preview ? undefined : `${spec}@${DIGEST}`,
        digestReference: preview ? undefined : `${registry.host}/app@${DIGEST}`,
        digest: preview ? undefined : DIGEST,
        commit,
        tree,
        source: undefined,
        outcome: "published",
      });
      const { imageName, build } = imageInputs(children) as { imageName: string; build: Record<string, string> };
      assertScratch(imageName, preview);
      // Each publication has a place of its own, which a preview can't know.
      const place = preview ? undefined : /^\.versioned-image\/([0-9a-f]{16})$/.exec(build.context ?? "")?.[1];
      assert.equal(place === undefined, preview, build.context);
      assert.deepEqual(build, {
        context: preview ? pulumi.unknown : `.versioned-image/${place}`,
        dockerfile: preview ? pulumi.unknown : `.versioned-image/${place}/Dockerfile`,
        platform: "linux/amd64",
      });
      const record = children.find(({ type }) => type === "pulumi:index:Stash");
      assert.equal(record?.name, "app-record");
      const { own, ...rest } = (record as Declared).inputs.input as { own: { place: string } };
      const digest = preview ? pulumi.unknown : DIGEST;
      assert.deepEqual(own, {
        spec,
        pushedAs: imageName,
        dockerfile: "Dockerfile",
        digest,
        place: place ?? own.place,
      });
      assert.deepEqual(rest, {
        debug: {},
        current: { spec, digest, build: "platform=linux/amd64 dockerfile=Dockerfile" },
      });
    });

    it(`declares a debug image that is built from the disk (${when})`, async () => {
      project.write("app/main", "two\n");
      const { outputs, children } = await run({ debug: true }, preview);
      const tag = `${project.head().slice(0, 7)}-debug`;
      assert.equal(outputs.tag, tag);
      assert.equal(outputs.outcome, "debug");
      const { imageName } = imageInputs(children, "app-debug") as { imageName: string };
      assertScratch(imageName, preview);
      assert.deepEqual(
        children.map(({ type }) => type),
        ["docker:index/image:Image", "pulumi:index:Stash"],
      );
    });

    it(`passes build options and credentials on, the password as a secret (${when})`, async () => {
      const { children } = await run(
        {
          build: {
            args: { A: "1" },
            target: undefined,
            platform: "linux/arm64/v8",
            cacheFrom: ["h.example/c"],
            network: "host",
            extraHosts: ["b:2", "a:1"],
          },
          registryAuth: { server: "h.example", username: "user", password: "canary" },
        },
        preview,
      );
      const { build, registry: auth } = imageInputs(children) as {
        build: Record<string, unknown>;
        registry: Record<string, unknown>;
      };
      const { context: _context, dockerfile: _dockerfile, ...options } = build;
      assert.deepEqual(options, {
        args: { A: "1" },
        platform: "linux/arm64/v8",
        cacheFrom: { images: ["h.example/c"] },
        network: "host",
        addHosts: ["a:1", "b:2"],
      });
      // How a secret is marked on the way to the engine.
      assert.deepEqual(auth, {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: { server: "h.example", username: "user", password: "canary" },
      });
    });
  }

  async function warningsOf(args: Partial<VersionedImageArgs>): Promise<string[]> {
    const warnings: string[] = [];
    const warn = pulumi.log.warn;
    Object.assign(pulumi.log, { warn: async (message: string) => void warnings.push(message) });
    try {
      await run(args, true);
    } finally {
      Object.assign(pulumi.log, { warn });
    }
    return warnings;
  }

  it("says in a preview that a filter undoes what was committed", async () => {
    project.write(".gitattributes", "app/key filter=git-crypt\n").write("app/key", "x\n").add().commit();
    project.git("config", "filter.git-crypt.smudge", "cat");
    assert.deepEqual(await warningsOf({}), [
      "app: files pass git's filter git-crypt, so everyone who can pull the image can read the result, such as decrypted " +
        "files.",
    ]);
  });

  it("says in a preview that the commit is a merge that CI has made for a pull request", async () => {
    Object.assign(process.env, { GITHUB_REF: "refs/pull/7/merge", GITHUB_SHA: project.head() });
    try {
      const [warning, ...others] = await warningsOf({});
      assert.match(
        warning ?? "",
        /^app: commit [0-9a-f]{7} is the merge commit that CI made of pull request 7 for this run\./,
      );
      assert.deepEqual(others, []);
    } finally {
      delete process.env.GITHUB_REF;
      delete process.env.GITHUB_SHA;
    }
  });

  it("warns of git-ignored files that a debug image would hold, and not of those that .dockerignore keeps out", async () => {
    project.write(".gitignore", "*.key\nsecrets/\n").write("app/.dockerignore", "kept.key\n").add().commit();
    project.write("app/kept.key", "x").write("app/a.key", "x").write("app/secrets/b", "x");
    assert.deepEqual(await warningsOf({ debug: true }), [
      "Git ignores a.key, secrets/b, but a debug build sends them to Docker. To exclude them, name them in .dockerignore.",
    ]);
  });

  it("says which committed files a debug image lacks because a sparse checkout leaves them out", async () => {
    project
      .write("app/large/data", "x")
      .write("app/docs/text", "x")
      .write("app/.dockerignore", "docs\n")
      .add()
      .commit();
    project.git("sparse-checkout", "set", "--no-cone", "/*", "!/app/large", "!/app/docs");
    assert.deepEqual(await warningsOf({ debug: true }), [
      "The sparse checkout leaves out app/large/data, so the debug image lacks them. Run git sparse-checkout add with their directory, or " +
        "git sparse-checkout disable.",
    ]);
    assert.deepEqual(await warningsOf({}), []);
  });

  it("names the version by content with the Tree policy", async () => {
    const { outputs } = await run({ tagPolicy: TagPolicy.Tree, tagLength: 12 }, true);
    assert.equal(outputs.tag, project.git("rev-parse", "HEAD:app").slice(0, 12));
  });

  for (const preview of [true, false]) {
    const when = preview ? "preview" : "update";

    it(`refuses a version that the registry lacks where it may not publish (${when})`, async () => {
      const tag = project.head().slice(0, 7);
      assert.equal(
        await diagnosticOf("NotPublished", () => run({ publish: false }, preview)),
        `${registry.host}/app:${tag} is not in the registry, and publish is false. First run the stack that publishes it at this ` +
          "commit, or leave publish out to build the image here.",
      );
    });
  }

  for (const preview of [true, false]) {
    const when = preview ? "preview" : "update";
    const first = { context: "app", debug: true };
    const withAnother = (args: Partial<VersionedImageArgs>) =>
      declaredBy(
        async () => {
          for (const [name, own] of Object.entries({ first, second: { ...first, ...args } })) {
            await knownValue(new VersionedImage(name, { repository: `${registry.host}/app`, ...own }).digest);
          }
        },
        { preview, state: ({ inputs }) => ({ ...inputs, repoDigest: `${registry.host}/app@${DIGEST}` }) },
      );

    it(`refuses a second image of a program with the same tag, in each run anew (${when})`, async () => {
      const tag = `${project.head().slice(0, 7)}-debug`;
      for (const run of [1, 2]) {
        assert.equal(
          await diagnosticOf("InvalidArgument", () => withAnother({})),
          `${registry.host}/app:${tag} is already the tag of another image in this program, first. ` +
            "Give each image its own repository, or declare it once and use it in both places.",
          `run ${run}`,
        );
      }
    });

    it(`lets images share a repository where their tags differ (${when})`, async () => {
      await withAnother({ tagLength: 8 });
    });
  }

  it("takes an image that may not publish for none that would push over another", async () => {
    const names = { publishing: true, using: false };
    const program = async () => {
      for (const [name, publish] of Object.entries(names)) {
        await knownValue(
          new VersionedImage(name, { context: "app", repository: `${registry.host}/app`, publish }).digest,
        );
      }
    };
    await diagnosticOf("NotPublished", () => declaredBy(program, { preview: true }));
  });

  for (const preview of [true, false]) {
    const when = preview ? "preview" : "update";

    it(`keeps release tags in the record (${when})`, async () => {
      const { children } = await run({ releaseTags: ["v1.4.0", "v1", "v1.4.0"], alsoTag: ["latest"] }, preview);
      const { current } = inputsOf(children, "app-record").input as { current: Record<string, unknown> };
      assert.deepEqual([current.releaseTags, current.alsoTag], ["v1 v1.4.0", "latest"]);
    });

    it(`refuses a release tag that is there before its version is (${when})`, async () => {
      answer = ({ url }) => (url.includes("v1.4.0") ? served() : ABSENT);
      const spec = `${registry.host}/app:${project.head().slice(0, 7)}`;
      const message = await diagnosticOf("ReleaseTagTaken", () => run({ releaseTags: ["v1.4.0"] }, preview));
      assert.ok(
        message.startsWith(`${registry.host}/app:v1.4.0 is in the registry already (${DIGEST}, `) &&
          message.includes(`and ${spec} is not published yet (commit ${project.head()}). A release tag never moves.`),
        message,
      );
    });
  }

  it("says of release tags which the update sets, and that it does not know all of them yet", async () => {
    const said: string[] = [];
    const { info } = pulumi.log;
    Object.assign(pulumi.log, { info: async (message: string) => void said.push(message) });
    try {
      await run({ releaseTags: ["v1", unknownOutput<string>()] }, true);
      assert.equal(
        said[0],
        "app: some releaseTags are not known before the update, which fails with ReleaseTagTaken if another image has one of them",
      );
      assert.deepEqual(said.slice(2), ["app: will be released as v1"]);
    } finally {
      Object.assign(pulumi.log, { info });
    }
  });

  it("knows no digest where it may not publish and a preview knows no repository", async () => {
    const { outputs, children } = await run(
      { publish: false, repository: pulumi.output(pulumi.unknown as unknown as string) },
      true,
    );
    assert.equal(outputs.digest, undefined);
    assert.equal(outputs.reference, undefined);
    assert.equal(outputs.digestReference, undefined);
    assert.equal(outputs.outcome, "adopted");
    assert.deepEqual(
      children.map(({ type }) => type),
      ["pulumi:index:Stash"],
    );
  });

  it("has whoever depends on it wait for its children", async () => {
    const { declared } = await declaredBy(
      () => {
        const image = new VersionedImage("app", { context: "app", repository: `${registry.host}/app` });
        new pulumi.Stash("dependent", { input: "" }, { dependsOn: image });
      },
      { preview: true, state: ({ inputs }) => ({ ...inputs, output: inputs.input }) },
    );
    assert.deepEqual(
      declared.map(({ name }) => name),
      ["app", "app-image", "app-record", "dependent"],
    );
  });

  const mistakes: [what: string, args: Partial<VersionedImageArgs>, code: ErrorCode, message: RegExp][] = [
    [
      "a secret build argument",
      { build: { args: { TOKEN: pulumi.secret("x") } } },
      "SecretBuildArgument",
      /^build\.args\.TOKEN is a Pulumi secret.*$/,
    ],
    [
      "a platform that is none",
      { build: { platform: "amd64" } },
      "InvalidArgument",
      /^build\.platform is "amd64"\. .*$/,
    ],
    [
      "a repository with a tag",
      { repository: "h.example/app:latest" },
      "InvalidArgument",
      /has a tag or digest, but the version sets them.*$/,
    ],
    [
      "a debug image that may not be published",
      { debug: true, publish: false },
      "InvalidArgument",
      /^publish is false, but a debug image .*$/,
    ],
    [
      "a release of a debug image",
      { debug: true, releaseTags: ["v1.4.0"] },
      "InvalidArgument",
      /^debug and releaseTags can't be set together: .*$/,
    ],
    [
      "a release by a stack that may not publish",
      { publish: false, releaseTags: ["v1.4.0"] },
      "InvalidArgument",
      /^publish is false, so this stack can't set releaseTags.*$/,
    ],
    [
      "a release among alsoTag",
      { alsoTag: ["v1.4.0"] },
      "InvalidArgument",
      /^alsoTag: v1\.4\.0 looks like a release.*$/,
    ],
    ["a tag that is too short", { tagLength: 6 }, "InvalidArgument", /^tagLength is 6\. .*$/],
    ["a context that is not there", { context: "none" }, "ContextNotFound", /^Directory none does not exist .*$/],
  ];
  for (const [what, args, code, message] of mistakes) {
    it(`refuses ${what}, on the component and without a stack dump`, async () => {
      assert.match(await diagnosticOf(code, () => run(args, true)), message);
    });
  }

  it("looks for a project where no repository is given, and there alone", async () => {
    const environment = new GoogleEnvironment();
    try {
      const message = await diagnosticOf("InvalidArgument", () => run({ repository: undefined }, true));
      assert.match(message, /^There is no repository to publish to\. .*gcp:project.*$/);
      const file = path.join(environment.folder, "configurations/config_default");
      mkdirSync(file, { recursive: true });
      const unread = await diagnosticOf("InvalidArgument", () => run({ repository: undefined }, true));
      assert.ok(unread.includes(file), unread);
      assert.equal((await run({}, true)).outputs.spec, `${registry.host}/app:${project.head().slice(0, 7)}`);
    } finally {
      environment.restore();
    }
  });
});
