import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { realBuildx } from "../../support/buildx";
import { type FakeRegistry, fakeRegistries } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { type Repo, repo } from "../../support/repo";
import { cli, cliJson, digestOf, labelsOf, repositories, type Shelved, shelf, TREE, treeOfPaths } from "./setup";

/** `api` on `runtime` on `os`, one on nothing, and what can't be published. */
const BAKE = `
variable "HOST" { default = "h.example" }
variable "OUTSIDE" { default = "elsewhere" }
group "default" { targets = ["api", "other"] }
target "os" {
  context = "images/os"
  tags    = ["\${HOST}/os"]
}
target "runtime" {
  context  = "images/runtime"
  contexts = { os = "target:os" }
  tags     = ["\${HOST}/runtime"]
}
target "api" {
  context     = "images/api"
  contexts    = { runtime = "target:runtime", lib = "images/lib" }
  args        = { WORD = "one" }
  target      = "last"
  secret      = ["id=token,env=TOKEN", "id=file,src=secret.txt"]
  cache-from  = ["type=registry,ref=h.example/cache"]
  extra-hosts = { "b.example" = "10.0.0.2" }
  tags        = ["\${HOST}/api"]
}
target "other" {
  context = "images/other"
  tags    = ["\${HOST}/other:latest"]
  output  = ["type=docker"]
  attest  = ["type=sbom"]
}
target "inline" { dockerfile-inline = "FROM scratch" }
target "outside" {
  context = OUTSIDE
  tags    = ["\${HOST}/outside"]
}
target "gone" {
  context = "images/gone"
  tags    = ["\${HOST}/gone"]
}
target "twin" {
  context = "images/os"
  tags    = ["\${HOST}/other:twin"]
}
target "untagged" { context = "images/os" }
target "many" {
  context   = "images/other"
  platforms = ["linux/arm64", "linux/amd64"]
  tags      = ["\${HOST}/many"]
}
target "cached" {
  context    = "images/other"
  secret     = ["id=token,env=TOKEN"]
  cache-from = ["h.example/cache"]
  cache-to   = ["type=inline"]
  tags       = ["\${HOST}/cached"]
}
target "clash" {
  context  = "images/api"
  contexts = { os = "target:os" }
  args     = { os = "x" }
  tags     = ["\${HOST}/clash"]
}
`;

interface PublishedJson {
  context: string;
  name: string;
  outcome?: string;
  error?: { code: string };
}

describe("versioned-image publish --bake", () => {
  const { keep, withImage } = repositories();
  const start = fakeRegistries();
  const buildx = realBuildx();
  const scratch = folderOfEach();

  /** Each image is touched by a commit of its own, so that all but `other` have the version of the last one. */
  function withBake(): Repo {
    const made = withImage()
      .write("docker-bake.hcl", BAKE)
      .write(".gitignore", "secret.txt\n")
      .write("images/lib/file", "1\n");
    made.write("secret.txt", "s\n");
    for (const name of ["other", "api", "runtime", "os"]) {
      made.write(`images/${name}/Dockerfile`, "FROM scratch AS last\n").add().commit(`Add ${name}`);
    }
    return made;
  }

  /** Bake is docker's own; what is built is noted, and fails. */
  function withoutBuilds(): { env: NodeJS.ProcessEnv; builds(): string[][] } {
    const docker = execFileSync("which", ["docker"], { encoding: "utf8" }).trim();
    const [bin, log] = [scratch("bin"), scratch("log")];
    mkdirSync(bin);
    writeFileSync(log, "");
    const lines = [
      "#!/bin/sh",
      `if [ "$2" = bake ]; then exec ${docker} "$@"; fi`,
      `printf '%s\\n' "$@" END >> ${log}`,
      "exit 1",
    ];
    writeFileSync(path.join(bin, "docker"), `${lines.join("\n")}\n`);
    chmodSync(path.join(bin, "docker"), 0o755);
    const env = { ...buildx.env, PATH: `${bin}:${process.env.PATH}`, TOKEN: "t" };
    const builds = () =>
      readFileSync(log, "utf8")
        .split("END\n")
        .slice(0, -1)
        .map((build) => build.trimEnd().split("\n"));
    return { env, builds };
  }

  /** `other` is in the registry, and `os` and `runtime` are if they are asked for. */
  function registryWith(made: Repo, bases: boolean): Promise<FakeRegistry> {
    const other = made.git("rev-parse", "HEAD~3");
    const [tag, head] = [made.head().slice(0, 7), made.head()];
    const labels = labelsOf(made, head, "images/os");
    const tree = treeOfPaths(made, head, ["images/os", "images/runtime"]);
    const images: Shelved[] = [
      { repository: "os", tags: [tag], labels },
      { repository: "runtime", tags: [tag], labels: { ...labels, [TREE]: tree } },
    ];
    const own = { repository: "other", tags: [other.slice(0, 7)], labels: labelsOf(made, other, "images/other") };
    return start(shelf([own, ...(bases ? images : [])]));
  }

  const argv = ["publish", "--bake", "docker-bake.hcl", "--buildkit"];

  it("says what it would do with the targets, those that they are built on among them, and what is not meant", async () => {
    const made = withBake();
    const registry = await registryWith(made, false);
    const { host } = registry;
    const { env, builds } = withoutBuilds();
    const { status, out, err } = await cli([...argv, "--dry-run"], { env: { ...env, HOST: host } });
    const [tag, other] = [made.head().slice(0, 7), made.git("rev-parse", "--short=7", "HEAD~3")];
    const digest = await digestOf(registry, other, "other");
    assert.deepEqual(out.split("\n").sort(), [
      "",
      `api\t${host}/api:${tag}`,
      `os\t${host}/os:${tag}`,
      `other\t${host}/other:${other}@${digest}`,
      `runtime\t${host}/runtime:${tag}`,
    ]);
    assert.deepEqual(
      err.split("\n").filter((line) => line.startsWith("docker-bake.hcl: ")),
      [
        "docker-bake.hcl: attest of other: not attached by the build, so that one commit gives one digest; attest the published digest instead",
        "docker-bake.hcl: output of other: not used: an image is always pushed to its repository",
        "docker-bake.hcl: tags of other: only the first one's repository is used, and the tag is the version: set other tags with alsoTag or releaseTags",
      ],
    );
    assert.deepEqual([status, builds()], [0, []]);
  });

  it("builds each as the file says, on the digests of those that it is built on", async () => {
    const made = withBake();
    const registry = await registryWith(made, true);
    const { host } = registry;
    const { env, builds } = withoutBuilds();
    const { status, out } = await cli([...argv, "--json"], { env: { ...env, HOST: host } });
    assert.equal(status, 1);
    const outcomes = JSON.parse(out).images.map(({ context, name, outcome, error }: PublishedJson) => {
      return [context, name, outcome ?? error?.code];
    });
    assert.deepEqual(outcomes.sort(), [
      ["images/api", "api", "BuildFailed"],
      ["images/os", "os", "adopted"],
      ["images/other", "other", "adopted"],
      ["images/runtime", "runtime", "adopted"],
    ]);
    const [built = [], ...more] = builds();
    assert.deepEqual(more, []);
    const reference = `${host}/runtime:${made.head().slice(0, 7)}@${await digestOf(registry, made.head().slice(0, 7), "runtime")}`;
    const valuesOf = (option: string) => built.filter((_, index) => built[index - 1] === option);
    assert.deepEqual(valuesOf("--target"), ["last"]);
    assert.deepEqual(valuesOf("--build-arg").slice(1), ["WORD=one", `runtime=${reference}`]);
    const [lib, runtime, ...others] = valuesOf("--build-context");
    assert.match(lib ?? "", /^lib=\S+\/contexts\/lib$/);
    assert.deepEqual([runtime, others], [`runtime=docker-image://${reference}`, []]);
    assert.deepEqual(valuesOf("--secret"), ["id=token,env=TOKEN", `id=file,src=${made.path("secret.txt")}`]);
    assert.deepEqual(valuesOf("--cache-from"), ["type=registry,ref=h.example/cache"]);
    assert.deepEqual(valuesOf("--add-host"), ["b.example:10.0.0.2"]);
    assert.deepEqual(valuesOf("--platform"), ["linux/amd64"]);
  });

  it("builds nothing on a target that failed, nor on what is built on that, and goes on with the others", async () => {
    const made = withBake();
    const { host } = await registryWith(made, false);
    const { env, builds } = withoutBuilds();
    const { status, out, err } = await cli(argv, { env: { ...env, HOST: host } });
    assert.equal(status, 1);
    assert.match(out, new RegExp(`^other\t${host}/other:\\w+@sha256:\\w+\n$`));
    const fates = err.split("\n").filter((line) => line.startsWith("versioned-image: ") && !line.includes("warning"));
    assert.deepEqual(fates, [
      `versioned-image: os: \`docker buildx build\` failed for ${host}/os:${made.head().slice(0, 7)}, which is not published: exit status 1 [BuildFailed]`,
      "versioned-image: runtime: contexts.os is the target os, which failed (see its own error). " +
        "Nothing was built on it. [BuildFailed]",
      "versioned-image: api: contexts.runtime is the target runtime, which failed (see its own " +
        "error). Nothing was built on it. [BuildFailed]",
    ]);
    assert.match(err, /^4 images: 1 adopted \(other\), 3 failed$/m);
    assert.equal(builds().length, 1);
  });

  it("has the repositories of a pattern", async () => {
    const made = withBake();
    const { host } = await registryWith(made, false);
    const { env } = withoutBuilds();
    const { status, out } = await cli(
      ["publish", "untagged", "--bake", "docker-bake.hcl", "--repository", `${host}/{name}`, "--dry-run"],
      { env },
    );
    assert.deepEqual([status, out], [0, `${host}/untagged:${made.head().slice(0, 7)}\n`]);
  });

  for (const [targets, code, message] of [
    [["outside", "other"], "OutsideRepository", /^\S+ is not in the repository \S+\. Name a directory in it\.$/],
    [["gone", "other"], "ContextNotFound", /^Directory images\/gone does not exist /],
    [["nobody", "other"], "BakeFailed", /failed to find target nobody/],
    [["twin", "other"], "BakeUnfit", /have the same repository, HOST\/other,/],
    [["untagged", "other"], "BakeUnfit", /^The bake target untagged has no tag with a registry's host/],
    [["inline", "other"], "BakeUnfit", /^The bake target inline has the dockerfile-inline/],
    [
      ["clash", "other"],
      "InvalidArgument",
      /^contexts\.os of the bake target clash is a target, .* args\.os is set, too/,
    ],
  ] as [string[], string, RegExp][]) {
    it(`publishes nothing of ${targets.join(" and ")}`, async () => {
      const other = keep(repo()).write("Dockerfile", "FROM scratch\n").add().commit("Another repository");
      withBake();
      const registry = await start(shelf([]));
      const { env, builds } = withoutBuilds();
      const { status, json } = await cliJson([...argv, ...targets], {
        env: { ...env, HOST: registry.host, OUTSIDE: other.directory },
      });
      assert.deepEqual([status, json.error.code], [1, code]);
      assert.match(json.error.message.replaceAll(registry.host, "HOST"), message);
      assert.deepEqual([registry.requests, builds()], [[], []]);
    });
  }

  for (const [target, message] of [
    [
      "cached",
      /^secret and cache-from and cache-to of the bake target cached: `docker build` does not support this\. Add --buildkit/,
    ],
    ["runtime", /^contexts of the bake target runtime: `docker build` does not support this/],
    ["many", /^several platforms of the bake target many: `docker build` does not support this/],
  ] as [string, RegExp][]) {
    it(`asks for BuildKit for ${target}`, async () => {
      withBake();
      const { env } = withoutBuilds();
      const { status, json } = await cliJson(["publish", target, "--bake", "docker-bake.hcl"], { env });
      assert.deepEqual([status, json.error.code], [1, "InvalidArgument"]);
      assert.match(json.error.message, message);
    });
  }

  it("asks for a secret's variable", async () => {
    withBake();
    const { env } = withoutBuilds();
    const { status, json } = await cliJson([...argv, "api"], { env: { ...env, TOKEN: undefined } });
    assert.deepEqual([status, json.error.code], [1, "BakeUnfit"]);
    assert.equal(
      json.error.message,
      "The bake target api has the secret token, which can't be read: the environment variable TOKEN is not set.",
    );
  });
});
