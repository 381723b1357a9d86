import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Builder, type BuildOptions, VersionedImage, type VersionedImageArgs } from "../../components";
import type { ErrorCode } from "../../components/errors";
import { knownValue } from "../../components/pulumi/outputs";
import { secret } from "../standins/properties";
import { diagnosticOf } from "../support/diagnosticOf";
import { ABSENT, FakeRegistry, type Reply } from "../support/fakeRegistry";
import { type Declared, declaredBy, inputsOf } from "../support/mocked";
import { type Repo, repo } from "../support/repo";

const DIGEST = `sha256:${"d".repeat(64)}`;

const IMAGE = "docker-build:index:Image";

const UNKNOWN = pulumi.output(pulumi.unknown);
const A_BASE = { reference: `h.example/base:1@${DIGEST}`, covers: ["lib"], tag: "1" };

/** What BuildKit's provider is given, under Pulumi's mocks. */
describe("VersionedImage with BuildKit", () => {
  let project: Repo;
  let registry: FakeRegistry;
  let held: Reply;
  let saved: { home: string; docker: string | undefined };
  let docker: string;

  beforeEach(async () => {
    saved = { home: process.cwd(), docker: process.env.DOCKER_CONFIG };
    project = repo()
      .write("app/Dockerfile", "FROM scratch AS web\nFROM scratch\n")
      .write("app/main", "one\n")
      .write("lib/code", "1\n")
      .add()
      .commit("Begin");
    held = ABSENT;
    registry = await FakeRegistry.start(() => held);
    docker = mkdtempSync(path.join(tmpdir(), "docker-"));
    mkdirSync(path.join(docker, "buildx/instances"), { recursive: true });
    writeFileSync(path.join(docker, "buildx/instances/farm"), '{"Name":"farm","Driver":"kubernetes"}');
    writeFileSync(path.join(docker, "buildx/instances/plain"), '{"Name":"plain","Driver":"docker"}');
    process.env.DOCKER_CONFIG = docker;
    process.chdir(project.directory);
  });

  afterEach(async () => {
    process.chdir(saved.home);
    if (saved.docker === undefined) {
      delete process.env.DOCKER_CONFIG;
    } else {
      process.env.DOCKER_CONFIG = saved.docker;
    }
    await registry.stop();
    project.dispose();
    rmSync(docker, { recursive: true });
  });

  async function run(
    build: BuildOptions | (() => BuildOptions),
    preview: boolean,
    args: Partial<VersionedImageArgs> = {},
  ) {
    const state = ({ type, inputs }: Declared) => {
      if (type !== IMAGE || preview) {
        return { ...inputs, output: inputs.input };
      }
      const headers = { "docker-content-digest": DIGEST, "content-type": "application/vnd.oci.image.index.v1+json" };
      held = { status: 200, headers };
      return { ...inputs, digest: DIGEST };
    };
    const { declared, made } = await declaredBy(
      async () => {
        const image = new VersionedImage("app", {
          context: "app",
          repository: `${registry.host}/app`,
          build: { builder: Builder.BuildKit, ...(typeof build === "function" ? build() : build) },
          ...args,
        });
        return { reference: await knownValue(image.reference), outcome: await knownValue(image.outcome) };
      },
      { preview, state },
    );
    return { outputs: made, declared };
  }

  const labels = (build = "platform=linux/amd64 dockerfile=Dockerfile") => ({
    "dev.versioned-image.bases": "",
    "dev.versioned-image.build": build,
    "dev.versioned-image.context": "app",
    "dev.versioned-image.dirty": "",
    "dev.versioned-image.dockerfile": "app/Dockerfile",
    "dev.versioned-image.paths": '["app"]',
    "dev.versioned-image.tree": project.git("rev-parse", "HEAD:app"),
    "org.opencontainers.image.base.digest": "",
    "org.opencontainers.image.base.name": "",
    "org.opencontainers.image.created": project.git("show", "-s", "--format=%cI").replace("+00:00", "Z"),
    "org.opencontainers.image.revision": project.head(),
    "org.opencontainers.image.source": "",
    "org.opencontainers.image.title": "app",
    "org.opencontainers.image.version": project.head().slice(0, 7),
  });
  const annotations = (kind: string) =>
    ["created", "revision", "title", "version"].map((name) => {
      const label = `org.opencontainers.image.${name}` as const;
      return `${kind}.${label}=${(labels() as Record<string, string>)[label]}`;
    });
  const exporter = (...kinds: string[]) =>
    [
      `type=image,name=${registry.host}/app,push=true,push-by-digest=true,oci-mediatypes=true,rewrite-timestamp=true,source-date-epoch=315532801`,
      ...["annotation", ...kinds].flatMap(annotations),
    ].join(",");
  const epoch = () => project.git("show", "-s", "--format=%ct");

  for (const preview of [true, false]) {
    const when = preview ? "preview" : "update";

    it(`pushes by digest what is built from the commit, at the commit's time (${when})`, async () => {
      const { outputs, declared } = await run({}, preview);
      const spec = `${registry.host}/app:${project.head().slice(0, 7)}`;
      assert.deepEqual(outputs, { reference: preview ? undefined : `${spec}@${DIGEST}`, outcome: "published" });
      const { context, dockerfile, ...others } = inputsOf(declared, "app-image");
      assert.deepEqual(others, {
        buildArgs: { SOURCE_DATE_EPOCH: epoch() },
        buildOnPreview: false,
        exports: [{ raw: exporter() }],
        labels: labels(),
        network: "default",
        platforms: ["linux/amd64"],
        push: false,
      });
      const { location } = context as { location: string };
      if (preview) {
        assert.deepEqual([location, dockerfile], [pulumi.unknown, { location: pulumi.unknown }]);
      } else {
        assert.match(location, /^\.versioned-image\/([0-9a-f]{16})\/\1$/);
        assert.deepEqual(dockerfile, { location: `${location}/Dockerfile` });
      }
      const { own } = inputsOf(declared, "app-record").input as { own: Record<string, unknown> };
      assert.deepEqual(
        { ...own, place: "" },
        {
          spec,
          pushedAs: `${registry.host}/app`,
          dockerfile: "Dockerfile",
          builder: "BuildKit",
          digest: preview ? pulumi.unknown : DIGEST,
          place: "",
        },
      );
    });

    it(`hands on every option (${when})`, async () => {
      const image = `docker-image://h.example/base@${DIGEST}`;
      const { declared } = await run(
        {
          builderName: "Farm",
          args: { A: "1" },
          target: "web",
          platforms: ["linux/arm64", "linux/amd64", "linux/arm64"],
          secrets: { token: pulumi.secret("x") },
          ssh: ["default", "key=/run/agent"],
          contexts: { lib: "lib", base: image },
          cacheFrom: ["h.example/cache", "type=gha,scope=a"],
          cacheTo: ["type=registry,ref=h.example/cache"],
          network: "host",
          extraHosts: ["b:2", "a:1"],
        },
        preview,
        { registryAuth: { username: "u", password: "p" } },
      );
      const { context, dockerfile: _, ...others } = inputsOf(declared, "app-image");
      const fingerprint = "platform=linux/amd64,linux/arm64 dockerfile=Dockerfile target=web args=";
      const given = (others.labels as Record<string, string>)["dev.versioned-image.build"] ?? "";
      assert.match(given, new RegExp(`^${fingerprint}[0-9a-f]{16} contexts=[0-9a-f]{16}$`));
      assert.deepEqual(others, {
        addHosts: ["a:1", "b:2"],
        buildArgs: { A: "1", SOURCE_DATE_EPOCH: epoch() },
        builder: { name: "farm" },
        buildOnPreview: false,
        cacheFrom: [{ raw: "type=registry,ref=h.example/cache" }, { raw: "type=gha,scope=a" }],
        cacheTo: [{ raw: "type=registry,ref=h.example/cache" }],
        exports: [{ raw: exporter("annotation-index") }],
        ignoreSecretsInDiffCalculation: ["token"],
        labels: {
          ...labels(given),
          "dev.versioned-image.paths": '["app","lib"]',
          "dev.versioned-image.tree": treeOfBoth(),
        },
        network: "host",
        platforms: ["linux/amd64", "linux/arm64"],
        push: false,
        registries: secret([{ address: registry.host, username: "u", password: "p" }]),
        secrets: secret({ token: "x" }),
        ssh: [{ id: "default" }, { id: "key", paths: ["/run/agent"] }],
        target: "web",
      });
      if (!preview) {
        const { location, named } = context as { location: string; named: object };
        assert.deepEqual(named, {
          base: { location: image },
          lib: { location: location.replace(/[^/]+$/, "contexts/lib") },
        });
      }
    });

    it(`pushes a debug image by its digest, with the times of the disk (${when})`, async () => {
      project.write("app/main", "two\n");
      const { declared } = await run({}, preview, { debug: true });
      const { buildArgs, exports, labels: said } = inputsOf(declared, "app-debug");
      assert.equal(buildArgs, undefined);
      const [{ raw }] = exports as [{ raw: string }];
      assert.ok(
        raw.startsWith(
          `type=image,name=${registry.host}/app,push=true,push-by-digest=true,oci-mediatypes=true,annotation.org.opencontainers.image.created=`,
        ),
        raw,
      );
      assert.equal((said as Record<string, string>)["dev.versioned-image.dirty"], "true");
    });
  }

  it("takes platforms and named contexts as Outputs", async () => {
    const plain = {
      platforms: ["linux/arm64", "linux/amd64"],
      contexts: { lib: "lib", base: `docker-image://b@${DIGEST}` },
    };
    const outputs = {
      platforms: plain.platforms.map((each) => pulumi.output(each)),
      contexts: { lib: pulumi.output(plain.contexts.lib), base: pulumi.output(plain.contexts.base) },
    };
    // Each build has a place of its own.
    const given = async (build: BuildOptions, preview: boolean) => {
      held = ABSENT;
      const { declared } = await run(build, preview);
      return JSON.stringify(inputsOf(declared, "app-image")).replace(
        /(\.versioned-image)(\/[0-9a-f]{16})+/g,
        "$1/PLACE",
      );
    };
    for (const preview of [true, false]) {
      assert.equal(await given(outputs, preview), await given(plain, preview));
    }
  });

  it("leaves open in a preview what it does not know of them", async () => {
    const unknown = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;
    const { declared, outputs } = await run({ platforms: ["linux/arm64", unknown], contexts: { base: unknown } }, true);
    assert.deepEqual(outputs, { reference: undefined, outcome: "published" });
    const { platforms, labels: found } = inputsOf(declared, "app-image");
    assert.equal(platforms, pulumi.unknown);
    assert.deepEqual(found, labels(""));
  });

  it("refuses a directory that comes from a resource, in preview and update", async () => {
    const build = () => ({ contexts: { lib: new pulumi.Stash("place", { input: "lib" }).output.apply(String) } });
    for (const preview of [true, false]) {
      assert.equal(
        await diagnosticOf("InvalidArgument", () => run(build, preview)),
        'build.contexts.lib is the directory "lib" from a resource\'s output. The version covers it, so each preview must know it. ' +
          "Pass a plain string.",
      );
    }
  });

  function treeOfBoth(): string {
    const listed = execFileSync("git", ["ls-tree", "-z", "--full-tree", "HEAD", "--", "app", "lib"]);
    return execFileSync("git", ["hash-object", "--stdin"], { input: listed, encoding: "utf8" }).trim();
  }

  const without = "docker-image://h.example/base:1";
  it("needs no builder where it may not publish", async () => {
    await diagnosticOf("NotPublished", () => run({ builderName: "nobody" }, true, { publish: false }));
  });

  const mistakes: [what: string, build: BuildOptions, code: ErrorCode, message: RegExp][] = [
    [
      "its options with the builder Docker",
      { builder: Builder.Docker, secrets: { a: "b" }, ssh: ["default"] },
      "InvalidArgument",
      /^build\.secrets and build\.ssh can't be used with the builder Docker\. Set build\.builder to BuildKit\./,
    ],
    [
      "a cache of BuildKit's with the builder Docker",
      { builder: Builder.Docker, cacheFrom: ["type=gha"] },
      "InvalidArgument",
      /^build\.cacheFrom with type= can't be used/,
    ],
    [
      "a builder that there is not",
      { builder: "Kaniko" as Builder },
      "InvalidArgument",
      /^build\.builder is "Kaniko": use Docker or BuildKit\./,
    ],
    [
      "a platform and platforms",
      { platform: "linux/arm64", platforms: ["linux/amd64"] },
      "InvalidArgument",
      /^build\.platform and build\.platforms can't be set together/,
    ],
    ["no platform", { platforms: [] }, "InvalidArgument", /^build\.platforms is \[\]: name at least one/],
    ["a platform that is none", { platforms: ["arm"] }, "InvalidArgument", /^build\.platforms is "arm"\. Use os/],
    [
      "a secret's id",
      { secrets: { "a,b": "x" } },
      "InvalidArgument",
      /^build\.secrets is "a,b": an id can't contain a comma/,
    ],
    ["an SSH agent", { ssh: ["id="] }, "InvalidArgument", /^build\.ssh is "id=": use default, or ID=SOCKET\./],
    [
      "a secret argument",
      { args: { TOKEN: pulumi.secret("x") } },
      "SecretBuildArgument",
      /Pass it as build\.secrets\.TOKEN, and read it with RUN --mount=type=secret,id=TOKEN\./,
    ],
    [
      "a builder instance that is not there",
      { builderName: "nobody" },
      "BuilderNotFound",
      /^build\.builderName is "nobody", but buildx has no such builder in .* \(it has farm, plain\)\. /,
    ],
    [
      "Docker's own instance",
      { builderName: "default" },
      "BuilderUnsupported",
      /^Builder default has the driver docker/,
    ],
    [
      "one of the driver docker",
      { builderName: "plain" },
      "BuilderUnsupported",
      /^Builder plain has the driver docker/,
    ],
    [
      "a named context outside of the repository",
      { contexts: { lib: "/" } },
      "OutsideRepository",
      /^build\.contexts\.lib is \/, which is outside the context's repository/,
    ],
    [
      "a named context that is not there",
      { contexts: { lib: "nowhere" } },
      "ContextNotFound",
      /^Directory nowhere does not exist .*\. Set build\.contexts\.lib to its directory, /,
    ],
    [
      "an image without a digest",
      { contexts: { base: without } },
      "InvalidArgument",
      /^build\.contexts\.base is "docker-image:\/\/h\.example\/base:1": use a directory .* or an image with its digest/,
    ],
    [
      "a context from elsewhere",
      { contexts: { base: "https://h.example/repo.git" } },
      "InvalidArgument",
      /^build\.contexts\.base is "https:/,
    ],
    ["a context's name", { contexts: { Lib: "lib" } }, "InvalidArgument", /^build\.contexts is "Lib": use lower/],
    ...(
      [
        ["MY-BASE", {}, "MY-BASE: use the name of the build argument for its reference: letters and digits, with _"],
        ["my.base", {}, "my.base: use the name of the build argument for its reference: letters and digits, with _"],
        ["", {}, ": use the name of the build argument for its reference: letters and digits, with _"],
        ["BASE", { args: { BASE: "x" } }, "BASE: build.args also has BASE: remove it there"],
        ["LIB", { contexts: { lib: "lib" } }, "LIB: build.contexts has lib, which is the base's named context"],
        ["Base", { bases: { BASE: A_BASE } }, "Base: with BuildKit both BASE and Base would be the named context base"],
        ["BASE", { base: { tag: UNKNOWN } }, "BASE.tag: the version depends on it"],
        ["BASE", { base: { covers: UNKNOWN } }, "BASE.covers: the version depends on it"],
        ["BASE", { base: { covers: [] } }, "BASE.covers: pass the `covers` output of a VersionedImage"],
        [
          "BASE",
          { base: { covers: ["../x"] } },
          'BASE.covers names "../x", which is not a path relative to the repository\'s root',
        ],
        ["BASE", { base: { covers: ["images/x"] } }, "BASE covers images/x, which is not in git's history"],
        ["BASE", { base: { tag: "1-debug" } }, "BASE: it is the debug image 1-debug, but a production image needs"],
      ] as [string, { base?: object; bases?: object }, string][]
    ).map(([name, { base, bases, ...build }, words]): (typeof mistakes)[number] => [
      `a base, ${words}`,
      { ...build, bases: { ...bases, [name]: { ...A_BASE, ...base } } },
      "InvalidArgument",
      new RegExp(`^build\\.bases\\.${words.replace(/[.]/g, "\\$&")}`),
    ]),
    [
      "a stage that is not there",
      { target: "db" },
      "DockerfileInvalid",
      /^Dockerfile has no stage "db" for build\.target/,
    ],
  ];
  for (const [what, build, code, message] of mistakes) {
    it(`refuses ${what} in the preview`, async () => {
      assert.match(await diagnosticOf(code, () => run(build, true)), message);
    });
  }

  it("takes a base that has the name of something in every object", async () => {
    const bases = { constructor: { ...A_BASE, reference: UNKNOWN as never } };
    const { declared } = await run({ bases }, true);
    assert.deepEqual(inputsOf(declared, "app-image").buildArgs, {
      SOURCE_DATE_EPOCH: epoch(),
      constructor: pulumi.unknown,
    });
  });

  it("refuses an instruction that is none, unless a frontend may know it", async () => {
    project.write("app/Dockerfile", "FROM scratch\nRUNN x\n").add().commit("Typo");
    const message = await diagnosticOf("DockerfileInvalid", () => run({}, true));
    assert.equal(message, "Unknown instruction RUNN (line 2 of Dockerfile).");
    project.write("app/Dockerfile", "# syntax=docker/dockerfile:1-labs\nFROM scratch\nRUNN x\n").add().commit("Labs");
    await run({}, true);
  });

  it("refuses a link to nowhere, unless it is ignored", async () => {
    symlinkSync("/srv/in/the/container", project.path("app/current"));
    project.add().commit("Link");
    const message = await diagnosticOf("StagingFailed", () => run({}, true));
    assert.match(message, /^current is a symbolic link whose target does not exist here/);
    project.write("app/.dockerignore", "current\n").add().commit("Ignore it");
    await run({}, true);
  });

  it("refuses a named context with uncommitted files", async () => {
    project.write("lib/code", "2\n");
    const message = await diagnosticOf("UncommittedChanges", () => run({ contexts: { lib: "lib" } }, true));
    assert.match(message, / {2} M lib\/code/);
  });
});
