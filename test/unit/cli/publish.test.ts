import * as assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { fakeRegistries } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { cli, cliJson, DIRTY, digestOf, labelsOf, repositories, sha256, shelf, TREE, treeOfPaths } from "./setup";

describe("publish", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  const scratch = folderOfEach();

  /** A PATH on which docker is a shell script. */
  function fakeDocker(script: string): string {
    const bin = scratch("bin");
    mkdirSync(bin);
    writeFileSync(path.join(bin, "docker"), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, "docker"), 0o755);
    return `${bin}:${process.env.PATH}`;
  }

  const REPOSITORY = ["--repository", "h.example/app"];

  for (const [argv, message] of [
    [["--secret", "id=a", "--ssh", "default"], "--secret and --ssh: `docker build` does not support this"],
    [["--platform", "linux/amd64,linux/arm64"], "several platforms: `docker build` does not support this"],
    [["--build-context", "lib=images/app"], "--build-context: `docker build` does not support this"],
    [["--cache-from", "type=gha"], "--cache-from type=…: `docker build` does not support this"],
    [["--cache-to", "type=inline"], "--cache-to: `docker build` does not support this"],
    [["--platform", "amd64"], '--platform is "amd64". Use os/arch'],
    [["--build-arg", "TOKEN"], "--build-arg TOKEN: the environment has no such variable"],
    [["--base", "my-base=images/app"], "--base my-base: the name must be valid for a build argument"],
    [["--base", "BASE=images/app", "--build-arg", "BASE=x"], "--base BASE: --build-arg BASE is set, too"],
    [
      ["--buildkit", "--base", "BASE=images/app", "--build-context", "base=images/app"],
      "--base BASE: the named context base is something else",
    ],
    [["--base", "BASE=images/base"], "--repository is h.example/app, but there are several images"],
    [["images/other"], "--repository is h.example/app, but there are several images"],
    [["--also-tag", "0123456"], "alsoTag: 0123456 looks like a version"],
    [["--also-tag", "v1.2.3"], "alsoTag: v1.2.3 looks like a release"],
    [["--release-tag", "0123456"], "releaseTags: 0123456 looks like a version"],
    [["--release-tag", "v1", "--also-tag", "v1"], "releaseTags: v1 is also in alsoTag"],
    [
      ["--release-tag", "v1.2.3", "--debug"],
      "--release-tag can't be combined with --debug: a debug image is not a release",
    ],
    [["--repository", "h.example/app:1"], '"h.example/app:1" does not name an image in a registry: it has a tag'],
    [["--report", "none/report.json"], "The results can't be written to none/report.json: ENOENT"],
    [["--report", "images"], "The results can't be written to images: EISDIR"],
    [["--github-output"], "--github-output needs the variable GITHUB_OUTPUT"],
    [["images/a$$", "--repository", "h.example/{name}"], '"h.example/a$$" does not name an image'],
    [
      ["other/app", "--repository", "h.example/{name}"],
      "images/app and other/app would both be published to h.example/app",
    ],
  ] as const) {
    it(`refuses ${argv.join(" ")}`, async () => {
      withImage();
      const { status, json } = await cliJson(["publish", "images/app", ...REPOSITORY, ...argv]);
      assert.equal(status, 1);
      assert.equal(json.error.code, "InvalidArgument");
      assert.ok(json.error.message.includes(message), json.error.message);
    });
  }

  it("asks for a repository, and for one build at least", async () => {
    withImage();
    assert.equal((await cli(["publish", "images/app"])).status, 2);
    assert.equal((await cli(["publish", "images/app", ...REPOSITORY, "--jobs", "0"])).status, 2);
  });

  it("says what it would do, without Docker", async () => {
    const made = withImage().write("images/new/Dockerfile", "FROM scratch\n").add().commit("Another");
    const old = made.git("rev-parse", "HEAD~1");
    const registry = await start(shelf([{ tags: [old.slice(0, 7)], labels: labelsOf(made, old, "images/app") }]));
    const argv = ["publish", "images/app", "images/new", "--repository", `${registry.host}/{name}`, "--dry-run"];
    const digest = await digestOf(registry, old.slice(0, 7));
    const tag = made.head().slice(0, 7);
    assert.deepEqual(await cli(argv, { env: { PATH: "/nonexistent" } }), {
      status: 0,
      out: `images/app\t${registry.host}/app:${old.slice(0, 7)}@${digest}\nimages/new\t${registry.host}/new:${tag}\n`,
      err: [
        `images/app: ${old.slice(0, 7)} (commit ${old.slice(0, 7)} "Add the image", 2 days ago): is in the registry already and will be ` +
          `used: ${registry.host}/app@${digest}\n`,
        `images/new: ${tag} (commit ${tag} "Another", 1 day ago): will be built and pushed to ${registry.host}/new\n`,
        "2 images: 1 to publish (new), 1 to adopt (app)\n",
      ].join(""),
    });
    const { out } = await cli([...argv, "--json"]);
    assert.deepEqual(JSON.parse(out), {
      dryRun: true,
      images: [
        {
          context: "images/app",
          name: "app",
          repository: `${registry.host}/app`,
          tag: old.slice(0, 7),
          commit: old,
          digest,
          reference: `${registry.host}/app:${old.slice(0, 7)}@${digest}`,
          outcome: "adopted",
        },
        {
          context: "images/new",
          name: "new",
          repository: `${registry.host}/new`,
          tag,
          commit: made.head(),
          digest: null,
          reference: null,
          outcome: "published",
        },
      ],
    });
    assert.deepEqual(
      registry.seen.filter(({ method }) => method !== "GET" && method !== "HEAD"),
      [],
    );
  });

  describe("of images that are built on each other", () => {
    const CHAIN = ["--base", "OS=images/os", "--base", "RUNTIME=images/runtime", "--base", "RUNTIME=images/os"];

    /** `images/api` on `images/runtime` on `images/os`, of which each is younger than the one that is built on it. */
    function withChain() {
      const made = withImage();
      for (const name of ["api", "runtime", "os"]) {
        made.write(`images/${name}/Dockerfile`, "FROM scratch\n").add().commit(`Add ${name}`);
      }
      return made;
    }

    it("gives each the version that follows those below it", async () => {
      const made = withChain();
      const registry = await start(shelf([]));
      const argv = ["images/api", "images/runtime", "images/os", ...CHAIN, "--repository", `${registry.host}/{name}`];
      const { status, out } = await cli(["publish", ...argv, "--dry-run"]);
      const tag = made.head().slice(0, 7);
      assert.equal(
        out,
        ["api", "runtime", "os"].map((name) => `images/${name}\t${registry.host}/${name}:${tag}\n`).join(""),
      );
      assert.equal(status, 0);
    });

    it("looks those up that the call does not publish, by the versions that follow those below them", async () => {
      const made = withChain();
      const registry = await start(shelf([]));
      const argv = [
        "publish",
        "images/api",
        ...CHAIN,
        "--repository",
        `${registry.host}/{name}`,
        "--json",
        "--dry-run",
      ];
      const { status, out } = await cli(argv);
      const { code, message } = JSON.parse(out).images[0].error;
      assert.deepEqual([status, code], [1, "BaseMismatch"]);
      const found = /^--base (OS|RUNTIME) is images\/\w+, but the registry does not have its version \S+:(\w+)\. /.exec(
        message,
      );
      assert.equal(found?.[2], made.head().slice(0, 7), message);
    });

    it("builds nothing on one that failed, nor on what is built on that", async () => {
      withChain();
      const registry = await start(shelf([]));
      const PATH = fakeDocker("exit 1");
      const asked = ["images/api", "images/runtime", "images/os"];
      const { status, out } = await cli(
        ["publish", ...asked, ...CHAIN, "--repository", `${registry.host}/{name}`, "--json"],
        { env: { PATH } },
      );
      const [api, runtime, os] = JSON.parse(out).images.map(
        ({ error }: { error: { message: string } }) => error.message,
      );
      assert.equal(status, 1);
      assert.match(os, /^`docker build` failed for \S+\/os:\w+, which is not published: exit status 1$/);
      assert.equal(runtime, "--base OS is images/os, which failed (see its own error). Nothing was built on it.");
      assert.match(api, /^--base (OS|RUNTIME) is images\/(os|runtime), which failed \(see its own error\)\./);
    });

    it("builds nothing on one that is there, and whose release tag another image has", async () => {
      const made = withChain();
      const [head, old] = [made.head(), made.git("rev-parse", "HEAD~1")];
      const registry = await start(
        shelf([
          { repository: "os", tags: [head.slice(0, 7)], labels: labelsOf(made, head, "images/os") },
          { repository: "os", tags: ["v1"], labels: labelsOf(made, old, "images/runtime") },
        ]),
      );
      const argv = ["images/api", "images/os", "--base", "OS=images/os", "--release-tag", "v1", "--json"];
      const { out } = await cli(["publish", ...argv, "--repository", `${registry.host}/{name}`]);
      const [api, os] = JSON.parse(out).images.map(({ error }: { error: { message: string } }) => error.message);
      assert.match(os, /os:v1 is in the registry already/);
      assert.equal(api, "--base OS is images/os, which failed (see its own error). Nothing was built on it.");
    });

    it("takes a base of the same call for what the options make of it", async () => {
      const made = withChain();
      const [head, tag] = [made.head(), made.head().slice(0, 7)];
      const tree = treeOfPaths(made, head, ["images/os/Dockerfile"]);
      const labels = { ...labelsOf(made, head, "images/os"), [TREE]: tree };
      const registry = await start(shelf([{ repository: "os", tags: [tag], labels }]));
      const argv = ["images/api", "images/os", "--base", "OS=images/os", "--path", "Dockerfile", "--dry-run"];
      const { status, out } = await cli(["publish", ...argv, "--repository", `${registry.host}/{name}`]);
      const digest = await digestOf(registry, tag, "os");
      const lines = [`images/api\t${registry.host}/api:${tag}`, `images/os\t${registry.host}/os:${tag}@${digest}`, ""];
      assert.deepEqual([status, out], [0, lines.join("\n")]);
    });

    for (const [argv, message] of [
      [
        ["--base", "OS=images/os", "--base", "OS=images/shared"],
        "--base OS also has images/shared, which is not the directory of a base",
      ],
      [
        ["--base", "A=images/a", "--base", "A=images/b", "--base", "B=images/b", "--base", "B=images/a"],
        "--base says that images/a is built on images/b is built on images/a, but an image can't be built on itself.",
      ],
      [
        ["--base", "A=images/a", "--base", "A=images/a"],
        "--base says that images/a is built on images/a, but an image can't",
      ],
    ] as const) {
      it(`refuses ${argv.join(" ")}`, async () => {
        withChain();
        const { status, json } = await cliJson(["publish", "images/api", "--repository", "h.example/{name}", ...argv]);
        assert.deepEqual([status, json.error.code], [1, "InvalidArgument"]);
        assert.ok(json.error.message.includes(message), json.error.message);
      });
    }
  });

  it("gives GitHub Actions the parts of one image, and its report the same", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const registry = await start(shelf([{ tags: [tag], labels: labelsOf(made, made.head(), "images/app") }]));
    const [report, outputs] = [scratch("report.json"), scratch("outputs")];
    writeFileSync(outputs, "before=1\n");
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`, "--report", report];
    const ran = await cli([...argv, "--github-output"], { env: { GITHUB_OUTPUT: outputs } });
    const digest = await digestOf(registry, tag);
    const reference = `${registry.host}/app:${tag}@${digest}`;
    assert.deepEqual([ran.status, ran.out], [0, `${reference}\n`]);
    const { images } = JSON.parse(readFileSync(report, "utf8"));
    assert.equal(images[0].reference, reference);
    const lines = [`tag=${tag}`, `digest=${digest}`, `reference=${reference}`, "outcome=adopted"];
    assert.equal(
      readFileSync(outputs, "utf8"),
      ["before=1", `images=${JSON.stringify(images)}`, ...lines].map((line) => `${line}\n`).join(""),
    );
  });

  it("makes no uncommitted change of its report in the image's own directory", async () => {
    const made = withImage();
    const registry = await start(shelf([]));
    const argv = [
      "publish",
      "images/app",
      "--repository",
      `${registry.host}/app`,
      "--report",
      "images/app/report.json",
    ];
    const { status, err } = await cli([...argv, "--dry-run"]);
    assert.equal(status, 0, err);
    assert.equal(JSON.parse(readFileSync("images/app/report.json", "utf8")).images[0].tag, made.head().slice(0, 7));
  });

  it("writes its report to a pipe, whose reader does not take it for ended before", async () => {
    withImage();
    const registry = await start(shelf([]));
    const pipe = scratch("pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] });
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`, "--report", pipe, "--dry-run"];
    const [{ status }, read] = await Promise.all([cli(argv), text(reader.stdout)]);
    assert.deepEqual([status, JSON.parse(read).images[0].outcome], [0, "published"]);
  });

  it("says that the reader of the pipe for its report has gone", async () => {
    withImage();
    const pipe = scratch("pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe], { stdio: ["ignore", "ignore", "inherit"] });
    const gone = new Promise((resolve) => reader.once("close", resolve));
    const registry = await start(async (request) => {
      reader.kill();
      await gone;
      return shelf([])(request);
    });
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`, "--report", pipe, "--dry-run"];
    const { status, err } = await cli(argv);
    assert.equal(status, 1);
    assert.match(err, /The results can't be written to \S+\/pipe: EPIPE: broken pipe, write\. \[InvalidArgument\]\n$/);
  });

  for (const json of [false, true]) {
    it(`says what became of the images where a report can't be written in the end (${json ? "JSON" : "text"})`, async () => {
      withImage();
      const registry = await start(shelf([]));
      const [folder, outputs] = [scratch("gone"), scratch("outputs")];
      mkdirSync(folder);
      const report = path.join(folder, "report.json");
      const env = { PATH: fakeDocker(`rm -r ${folder}\nexit 1`), GITHUB_OUTPUT: outputs };
      const argv = [
        "publish",
        "images/app",
        "--repository",
        `${registry.host}/app`,
        "--report",
        report,
        "--github-output",
      ];
      const { status, out, err } = await cli([...argv, ...(json ? ["--json"] : [])], { env });
      assert.equal(status, 1);
      const [line = ""] = readFileSync(outputs, "utf8").split("\n");
      const [image] = JSON.parse(line.slice("images=".length));
      assert.equal(image.error.code, "BuildFailed");
      assert.deepEqual(json ? JSON.parse(out).images : out, json ? [image] : "");
      const [unwritten] = err.split("\n").slice(-2);
      const why = `ENOENT: no such file or directory, open '${report}'`;
      assert.equal(unwritten, `versioned-image: The results can't be written to ${report}: ${why}. [InvalidArgument]`);
    });
  }

  it("prints one document with --json where the program itself has a fault", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const registry = await start(shelf([{ tags: [tag], labels: labelsOf(made, made.head(), "images/app") }]));
    const now = () => {
      throw new Error("no clock");
    };
    const { status, out } = await cli(["publish", "images/app", "--repository", `${registry.host}/app`, "--json"], {
      now,
    });
    assert.equal(status, 1);
    assert.deepEqual(JSON.parse(out), { error: { code: "Unexpected", message: "no clock" } });
  });

  it("takes no image that its labels contradict", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const labels = { ...labelsOf(made, made.head(), "images/app"), [DIRTY]: "true" };
    const registry = await start(shelf([{ tags: [tag], labels }]));
    const { status, out } = await cli(["publish", "images/app", "--repository", `${registry.host}/app`, "--json"]);
    const [{ error, ...rest }] = JSON.parse(out).images;
    assert.deepEqual([status, error.code, rest], [1, "TagTaken", { context: "images/app", name: "app" }]);
  });

  it("gives each image the release's tag at its own version, once, and says in a dry run that it would", async () => {
    const made = withImage().write("images/web/Dockerfile", "FROM scratch\n").add().commit("Another");
    const versions = { app: made.git("rev-parse", "HEAD~1"), web: made.head() };
    const held = shelf(
      Object.entries(versions).map(([repository, commit]) => ({
        repository,
        tags: [commit.slice(0, 7)],
        labels: labelsOf(made, commit, `images/${repository}`),
      })),
    );
    const put = new Map<string, string>();
    const registry = await start((request) => {
      const [, name = ""] = /^\/v2\/(\w+)\/manifests\/v1\.4\.0$/.exec(request.url) ?? [];
      if (request.method === "PUT") {
        put.set(name, sha256(request.body));
        return { status: 201, headers: { "docker-content-digest": sha256(request.body) } };
      }
      return held(put.has(name) ? { ...request, url: `/v2/${name}/manifests/${put.get(name)}` } : request);
    });
    const argv = ["publish", "images/app", "images/web", "--repository", `${registry.host}/{name}`];
    const released = async (...more: string[]) => {
      const { err } = await cli([...argv, "--release-tag", "v1.4.0", ...more]);
      return err
        .split("\n")
        .filter((line) => line.includes("v1.4.0"))
        .sort();
    };
    assert.deepEqual(await released("--dry-run"), [
      "images/app: will be released as v1.4.0",
      "images/web: will be released as v1.4.0",
    ]);
    assert.deepEqual([...put], []);
    assert.deepEqual(await released(), [
      `images/app: released as ${registry.host}/app:v1.4.0`,
      "images/app: setting the tag v1.4.0",
      `images/web: released as ${registry.host}/web:v1.4.0`,
      "images/web: setting the tag v1.4.0",
    ]);
    assert.deepEqual(Object.fromEntries(put), {
      app: await digestOf(registry, versions.app.slice(0, 7), "app"),
      web: await digestOf(registry, versions.web.slice(0, 7), "web"),
    });
    assert.deepEqual(await released("--dry-run"), []);
    assert.deepEqual(await released(), ["images/app: checking the tag v1.4.0", "images/web: checking the tag v1.4.0"]);
  });

  it("refuses a release tag that another image has before anything is built, in a dry run too", async () => {
    const made = withImage();
    const old = made.head();
    made.write("images/app/main", "two\n").add().commit("Two");
    const registry = await start(shelf([{ tags: ["v1.4.0"], labels: labelsOf(made, old, "images/app") }]));
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`, "--release-tag", "v1.4.0", "--json"];
    for (const more of [["--dry-run"], []]) {
      const { status, out } = await cli([...argv, ...more], { env: { PATH: `${scratch()}:${process.env.PATH}` } });
      const [{ error }] = JSON.parse(out).images;
      assert.deepEqual([status, error.code], [1, "ReleaseTagTaken"], error.message);
      assert.ok(
        error.message.includes(
          `an image of commit ${old}), and ${registry.host}/app:${made.head().slice(0, 7)} is not published yet`,
        ),
      );
    }
    assert.deepEqual(
      registry.seen.filter(({ method }) => method !== "GET" && method !== "HEAD"),
      [],
    );
  });

  it("builds no version anew whose own tag was lost, but not its release's", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const registry = await start(shelf([{ tags: ["v1.4.0"], labels: labelsOf(made, made.head(), "images/app") }]));
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`, "--release-tag", "v1.4.0"];
    const { status, err } = await cli(argv, { env: { PATH: "/nonexistent" } });
    assert.equal(status, 1);
    const digest = await digestOf(registry, "v1.4.0");
    assert.ok(
      err.includes(`By its labels, ${registry.host}/app:v1.4.0 is this version's image (${digest}), but `),
      err,
    );
    assert.ok(
      err.includes(`--tag ${registry.host}/app:${tag} ${registry.host}/app@${digest}\``) &&
        err.includes("[ReleaseTagTaken]"),
      err,
    );
  });

  it("says when docker can't be started", async () => {
    withImage();
    const registry = await start(shelf([]));
    const env = { PATH: "/nonexistent" };
    const { status, err } = await cli(["publish", "images/app", "--repository", `${registry.host}/app`], { env });
    assert.equal(status, 1);
    assert.match(
      err,
      /`docker build` failed for \S+, which is not published: docker can't be started \(spawn docker ENOENT\) \[BuildFailed\]\n$/,
    );
  });

  it("shows in a terminal what goes on in one line, which ends with the image", async () => {
    withImage();
    const registry = await start(shelf([]));
    const PATH = fakeDocker("echo no >&2\nexit 1");
    const argv = ["publish", "images/app", "--repository", `${registry.host}/app`];
    const { err } = await cli(argv, { terminal: true, env: { PATH } });
    const tag = /building (\w{7})/.exec(err)?.[1];
    assert.equal(
      err,
      [
        `\r\u001b[K\u001b[?7l0 of 1 done; images/app: building ${tag}\u001b[?7h`,
        "\r\u001b[K",
        `versioned-image: images/app: \`docker build\` failed for ${registry.host}/app:${tag}, which is not published: exit status 1; its ` +
          "last lines:\n    no [BuildFailed]\n",
      ].join(""),
    );
  });
});
