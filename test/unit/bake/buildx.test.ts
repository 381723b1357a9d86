import * as assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { readBake, sayUnmeant, secretsOf } from "../../../components/bake";
import { VersionedImageError } from "../../../components/errors";
import { realBuildx } from "../../support/buildx";

/** Inheritance, a matrix, groups, targets as contexts, secrets, and all that is not meant. */
const HCL = `
variable "REGISTRY" { default = "r.io/team" }

group "default" { targets = ["api", "jobs"] }

target "_common" {
  args      = { LEVEL = "1", TEMPLATE = "$\${x}" }
  platforms = ["linux/amd64", "linux/arm64"]
}

target "base" { context = "base" }

target "api" {
  inherits   = ["_common"]
  context    = "services/api"
  dockerfile = "../api.Dockerfile"
  args       = { LEVEL = "2" }
  contexts   = { base = "target:base", lib = "lib" }
  tags       = ["\${REGISTRY}/api:latest", "user/api"]
  secret     = ["id=npm,src=npmrc", "type=env,id=token,env=TOKEN", "id=either"]
  output     = ["type=registry"]
  attest     = ["type=sbom"]
  annotations = ["a=b"]
  labels     = { a = "b" }
  no-cache   = true
  no-cache-filter = ["x"]
  pull       = true
  shm-size   = "64m"
  ulimits    = ["nofile=1:1"]
  entitlements = ["network.host"]
  network    = "host"
  extra-hosts = { db = "10.0.0.1" }
  cache-from = ["type=registry,ref=r.io/c"]
  call       = "check"
  description = "The API"
}

target "jobs" {
  name    = "job-\${job}"
  matrix  = { job = ["one", "two"] }
  context = "jobs"
  target  = job
}
`;

const COMPOSE = `
services:
  web:
    image: r.io/web:1
    build:
      context: ./web
      dockerfile: ../web.Dockerfile
      args: [FROM_ENV, B=2]
      additional_contexts: { base: "service:base" }
      secrets: [token]
  base: { build: ./base, image: r.io/base }
  db: { image: postgres }
secrets:
  token: { environment: TOKEN }
`;

describe("bake files, by the real buildx,", () => {
  const buildx = realBuildx();
  let folder = "";

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bake-"));
    mkdirSync(path.join(folder, "deploy"));
    writeFileSync(path.join(folder, "docker-bake.hcl"), HCL);
    writeFileSync(path.join(folder, "deploy/compose.yaml"), COMPOSE);
    writeFileSync(path.join(folder, "more.json"), JSON.stringify({ target: { api: { args: { MORE: "3" } } } }));
    writeFileSync(path.join(folder, "npmrc"), "secret file\n");
  });

  // Where buildx is not to be had, nothing was made.
  after(() => rmSync(folder, { recursive: true, force: true }));

  function read(files: string[], targets: string[] = [], { credentials = false, env = {} } = {}) {
    return readBake({
      files: files.map((file) => path.join(folder, file)),
      targets,
      directory: folder,
      credentials,
      env: { ...buildx.env, ...env },
    });
  }

  const from = (...names: string[]) => path.relative("", path.join(folder, ...names));

  it("are read in HCL, with groups, a matrix, inheritance and bases", async () => {
    const { images, asked, refused } = await read(["docker-bake.hcl"]);
    assert.deepEqual(refused, {});
    assert.deepEqual(asked, ["api", "job-one", "job-two"]);
    assert.deepEqual(
      images.map(({ name, context, build }) => [name, context, build.target]),
      [
        ["base", from("base"), undefined],
        ["api", from("services/api"), undefined],
        ["job-one", from("jobs"), "one"],
        ["job-two", from("jobs"), "two"],
      ],
    );
    assert.deepEqual(images[1], {
      name: "api",
      context: from("services/api"),
      dockerfile: "../api.Dockerfile",
      repository: "r.io/team/api",
      directories: { lib: from("lib") },
      bases: { base: "base" },
      build: {
        args: { LEVEL: "2", TEMPLATE: "$".concat("{x}") },
        platforms: ["linux/amd64", "linux/arm64"],
        contexts: { lib: from("lib") },
        cacheFrom: ["type=registry,ref=r.io/c"],
        network: "host",
        extraHosts: ["db:10.0.0.1"],
      },
      secrets: {},
    });
  });

  it("say once what is not meant of all that bake knows", async () => {
    const { unmeant } = await read(["docker-bake.hcl"], ["api"]);
    assert.deepEqual(
      unmeant.map((each) => sayUnmeant(each).replace(/:.*/, "")),
      [
        "annotations of api",
        "attest of api",
        "call of api",
        "entitlements of api",
        "labels of api",
        "no-cache of api",
        "no-cache-filter of api",
        "output of api",
        "pull of api",
        "shm-size of api",
        "tags of api",
        "ulimits of api",
      ],
    );
    assert.deepEqual(
      unmeant.filter(({ why }) => why.includes("this release")),
      [],
    );
  });

  it("have secrets, which are read", async () => {
    const env = { TOKEN: "from the environment", either: "by its id" };
    const { images } = await read(["docker-bake.hcl"], ["api"], { credentials: true, env });
    const api = images.find(({ name }) => name === "api");
    assert.ok(api);
    assert.deepEqual(await secretsOf(api, env), {
      npm: "secret file\n",
      token: "from the environment",
      either: "by its id",
    });
    await assert.rejects(
      secretsOf(api, {}),
      (error) =>
        error instanceof VersionedImageError &&
        error.code === "BakeUnfit" &&
        error.message ===
          "The bake target api has the secret token, which can't be read: the environment variable TOKEN is not set.",
    );
  });

  it("fail in buildx's words where a secret is not there", async () => {
    await assert.rejects(
      read(["docker-bake.hcl"], ["api"], { credentials: true }),
      (error) =>
        error instanceof VersionedImageError && error.code === "BakeFailed" && / stat either/.test(error.message),
    );
  });

  it("are read one over the other", async () => {
    const { images } = await read(["docker-bake.hcl", "more.json"], ["api"], {
      env: { REGISTRY: "x.io", SOURCE_DATE_EPOCH: "5" },
    });
    const api = images.find(({ name }) => name === "api");
    assert.deepEqual(api?.build.args, { LEVEL: "2", MORE: "3", TEMPLATE: "$".concat("{x}") });
    assert.equal(api?.repository, "x.io/api");
  });

  it("are read as Compose files, with services as bases", async () => {
    const { images, asked } = await read(["deploy/compose.yaml"], [], { env: { FROM_ENV: "1" } });
    assert.deepEqual(asked, ["base", "web"]);
    assert.deepEqual(
      images.map(({ name, context, dockerfile, repository, bases, build }) => {
        return { name, context, dockerfile, repository, bases, build };
      }),
      [
        {
          name: "base",
          context: from("base"),
          dockerfile: "Dockerfile",
          repository: "r.io/base",
          bases: {},
          build: {},
        },
        {
          name: "web",
          context: from("web"),
          dockerfile: "../web.Dockerfile",
          repository: "r.io/web",
          bases: { base: "base" },
          build: { args: { B: "2", FROM_ENV: "1" } },
        },
      ],
    );
  });

  for (const [what, files, targets, message] of [
    ["a file that is not there", ["none.hcl"], [], /none\.hcl: no such file or directory$/],
    ["a target that is not there", ["docker-bake.hcl"], ["nope"], /failed to find target nope$/],
    ["no default", ["more.json"], [], /no target or group with that name\. Name the targets to use\.$/],
  ] as [string, string[], string[], RegExp][]) {
    it(`fail in buildx's words with ${what}`, async () => {
      await assert.rejects(
        read(files, targets),
        (error) => error instanceof VersionedImageError && error.code === "BakeFailed" && message.test(error.message),
      );
    });
  }
});
