import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  ALL_ERRORS,
  changes,
  errorsOn,
  type Image,
  imageProject,
  imageStack,
  imagesConfig,
  imagesOf,
  writeImage,
} from "../support/project";
import { outputOf, registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

const ITSELF = 'FROM busybox:1.36 AS base\nCOPY Dockerfile /\nFROM base\nCMD ["cat", "/Dockerfile"] \\';

/** Promise 7: every Dockerfile that Docker can build is built, with labels, and nothing of the user's changes. */
describe("a production tag 7. of every kind of Dockerfile", () => {
  let source: Repo;
  let stack: TestStack;
  let images: Record<string, Image>;
  /** What git says of the repository before the update. */
  let status: string;

  const always: [what: string, files: Record<string, string>, args: object, output: string][] = [
    [
      "several stages",
      {
        Dockerfile:
          'FROM busybox:1.36 AS build\nRUN echo built > /out\nFROM busybox:1.36\nCOPY --from=build /out /out\nCMD ["cat", "/out"]\n',
      },
      {},
      "built\n",
    ],
    [
      "a target",
      { Dockerfile: 'FROM busybox:1.36 AS one\nCMD ["echo", "one"]\nFROM busybox:1.36 AS two\nCMD ["echo", "two"]\n' },
      { build: { target: "one" } },
      "one\n",
    ],
    [
      "another escape character",
      { Dockerfile: '# escape=`\nFROM busybox:1.36\nRUN echo a `\n  b > /out\nCMD ["cat", "/out"]\n' },
      {},
      "a b\n",
    ],
    ["CRLF line ends", { Dockerfile: 'FROM busybox:1.36\r\nRUN echo a > /out\r\nCMD ["cat", "/out"]\r\n' }, {}, "a\n"],
    ["no newline at its end", { Dockerfile: 'FROM busybox:1.36\nCMD ["echo", "a"]' }, {}, "a\n"],
    ["a last line that would go on, and not a byte of it changed", { Dockerfile: ITSELF }, {}, ITSELF],
    [
      "a target in another case, the last of two of that name",
      {
        Dockerfile:
          'FROM busybox:1.36 AS One\nCMD ["echo", "no"]\nFROM busybox:1.36 AS one\nCMD ["echo", "one"]\nFROM scratch\n',
      },
      { build: { target: "ONE" } },
      "one\n",
    ],
    [
      "<< that begins no here-document",
      { Dockerfile: 'FROM busybox:1.36\nRUN echo $((1<<2)) "<<E" > /out\nENV A=<<E\nCMD cat /out && echo "$A"\n' },
      {},
      "4 <<E\n<<E\n",
    ],
    [
      "instructions in lower case where a check would make an error of another case",
      { Dockerfile: '# check=error=true\nfrom busybox:1.36\ncmd ["echo", "a"]\n' },
      {},
      "a\n",
    ],
    [
      "another name, with an ignore file of its own",
      {
        "web.Dockerfile": "FROM busybox:1.36\nCOPY . /app\nCMD ls /app | grep -v web\n",
        "web.Dockerfile.dockerignore": "*\n!kept\n",
        ".dockerignore": "kept\n",
        kept: "x",
      },
      { dockerfile: "web.Dockerfile" },
      "kept\n",
    ],
    [
      "one outside of the context, with the context's ignore file",
      {
        "../docker/web.Dockerfile": "FROM busybox:1.36\nCOPY . /app\nCMD ls -A /app\n",
        ".dockerignore": "main\n.*\n",
      },
      { dockerfile: "../docker/web.Dockerfile" },
      ".dockerignore\n.versioned-image\nDockerfile\n",
    ],
    [
      "one outside of the context, with an ignore file of its own",
      {
        "../docker/web.Dockerfile": "FROM busybox:1.36\nCOPY . /app\nCMD cd /app && ls -A . .versioned-image\n",
        "../docker/web.Dockerfile.dockerignore": "Dockerfile\n.versioned-image\n",
        ".dockerignore": "main\n",
      },
      { dockerfile: "../docker/web.Dockerfile" },
      ".:\n.dockerignore\n.versioned-image\nmain\n\n.versioned-image:\nweb.Dockerfile\n",
    ],
    [
      "paths: nothing else enters the image",
      { Dockerfile: 'FROM busybox:1.36\nCOPY . /app\nCMD ["ls", "/app"]\n', "src/code": "x", other: "x" },
      { paths: ["Dockerfile", "src"] },
      "Dockerfile\nsrc\n",
    ],
  ];
  const withHereDocuments: typeof always = [
    [
      "here-documents that look like instructions",
      {
        Dockerfile:
          "FROM busybox:1.36 AS one\nCOPY <<A <<-'B' /\nFROM a\nA\n\tCOPPY $b\n\tB\nRUN 3<<E cat <&3 > /E\nFROM e\nE\n" +
          'CMD ["cat", "/A", "/B", "/E"]\nFROM scratch\n',
      },
      { build: { target: "one" } },
      "FROM a\nCOPPY $b\nFROM e\n",
    ],
    [
      "two escape characters at a line's end",
      { Dockerfile: 'FROM busybox:1.36\nRUN echo a > /out; true \\\\\nCMD ["cat", "/out"]\n' },
      {},
      "a\n",
    ],
  ];

  /** Docker 23 and later read Dockerfiles so. */
  function hasHereDocuments(): boolean {
    const version = execFileSync("docker", ["version", "--format", "{{.Server.Version}}"], { encoding: "utf8" });
    return Number.parseInt(version, 10) >= 23;
  }

  const kinds = [...always, ...withHereDocuments].map(([what, files, args, output], index) => {
    const needed = index >= always.length;
    return { name: `kind-${index}`, what, files, args, output, canBeBuilt: () => !needed || hasHereDocuments() };
  });

  const OUTSIDE = { dockerfile: "../docker/web.Dockerfile" };

  /** Images beside those of the kinds, whose files change. */
  const others: Record<string, [files: Record<string, string>, args: object]> = {
    cached: [
      {
        Dockerfile:
          'FROM busybox:1.36\nCOPY early /\nRUN head -c 16 /dev/urandom | md5sum > /stamp\nCOPY late /\nCMD ["cat", "/stamp", "/late"]\n',
        early: "early\n",
        late: "one\n",
      },
      {},
    ],
    outside: [{ "../docker/web.Dockerfile": 'FROM busybox:1.36\nCOPY main /\nCMD ["cat", "/main"]\n' }, OUTSIDE],
    disk: [
      { "../docker/web.Dockerfile": 'FROM busybox:1.36\nCOPY main /\nCMD ["cat", "/main"]\n' },
      { ...OUTSIDE, debug: true },
    ],
  };

  const repositories: Record<string, string> = {};

  /** The arguments of an image of the directory NAME/app. */
  function imageOf(name: string, args: object): object {
    repositories[name] ??= registry.repository(name);
    return { context: `${name}/app`, repository: repositories[name], ...args };
  }

  function statusNow(): string {
    return source
      .git("status", "--porcelain", "--ignored")
      .replace(/^!! (\.versioned-image\/|Pulumi\.test\.yaml)\n?/gm, "")
      .trim();
  }

  before(async function () {
    this.timeout(300_000);
    source = imageProject();
    const config: Record<string, object> = {};
    for (const { name, files, args } of kinds.filter(({ canBeBuilt }) => canBeBuilt())) {
      writeImage(source, `${name}/app`, files);
      config[name] = imageOf(name, args);
    }
    for (const [name, [files, args]] of Object.entries(others)) {
      writeImage(source, `${name}/app`, files);
      config[name] = imageOf(name, args);
    }
    source.add().commit("Kinds");
    source
      .write("disk/docker/web.Dockerfile", 'FROM busybox:1.36\nCOPY . /app\nCMD ["ls", "/app"]\n')
      .write("disk/docker/web.Dockerfile.dockerignore", "Dockerfile\n");
    status = statusNow();
    stack = imageStack(source, {}, { config: imagesConfig(config) });
    images = imagesOf(await stack.up());
  });

  after(() => {
    stack?.forget();
    source?.dispose();
  });

  for (const { name, what, output, canBeBuilt } of kinds) {
    it(what, async function () {
      if (!canBeBuilt()) {
        this.skip();
      }
      const spec = images[name]?.spec ?? "";
      assert.equal(outputOf(spec), output);
      assert.equal((await registry.labels(spec))["org.opencontainers.image.revision"], source.head());
    });
  }

  it("changes nothing in the repository", () => assert.equal(statusNow(), status));

  it("outside of the context, says in the labels where it is", async () => {
    const spec = images.outside?.spec ?? "";
    assert.equal(outputOf(spec), "one\n");
    assert.equal(
      (await registry.labels(spec))["dev.versioned-image.build"],
      "platform=linux/amd64 dockerfile=../docker/web.Dockerfile",
    );
  });

  it("outside of the context, is built as it is on disk in debug", () => {
    assert.equal(outputOf(images.disk?.spec ?? ""), "main\n");
  });

  describe("after a commit", () => {
    let updated: Result;
    let now: Record<string, Image>;

    before(async () => {
      source
        .write("cached/app/late", "two\n")
        .write("outside/docker/web.Dockerfile", 'FROM busybox:1.36\nCMD ["echo", "two"]\n')
        .add("cached", "outside")
        .commit("Two");
      updated = await stack.up();
      now = imagesOf(updated);
    });

    it("stays what it is where nothing of it has changed, on disk, too", () => {
      const changed = ["cached-image", "cached-record", "outside-image", "outside-record"];
      assert.deepEqual(changes(updated), Object.fromEntries(changed.map((name) => [name, "update"])));
    });

    it("keeps the cache of earlier steps where only the last one's input has changed", () => {
      const first = outputOf(images.cached?.spec ?? "");
      assert.match(first, /^[0-9a-f]{32} .*\none\n$/);
      assert.equal(outputOf(now.cached?.spec ?? ""), first.replace("one\n", "two\n"));
    });

    it("has a new version where it is outside of the context", () => {
      assert.deepEqual([now.outside?.outcome, now.outside?.commit], ["published", source.head()]);
      assert.equal(outputOf(now.outside?.spec ?? ""), "two\n");
    });
  });

  describe("that is wrong", () => {
    it("is refused in a preview where it could not be built, and on disk until it is committed", async () => {
      const wrong = "FROM scratch\nCOPPY main /\n";
      writeImage(source, "wrong/app", { Dockerfile: wrong });
      source.write("outside/docker/web.Dockerfile", wrong).add("wrong", "outside").commit("Wrong");
      const config = imagesConfig({
        docker: { ...imageOf("wrong", {}), repository: registry.repository("docker") },
        buildKit: imageOf("wrong", { build: { builder: "BuildKit" } }),
        outside: imageOf("outside", OUTSIDE),
        disk: imageOf("disk", OUTSIDE),
      });
      const refused = await stack.start("preview", config, { program: ALL_ERRORS }).result;
      assert.equal(refused.succeeded, false, refused.text);
      for (const [name, file] of [
        ["docker", "Dockerfile"],
        ["buildKit", "Dockerfile"],
        ["outside", "../docker/web.Dockerfile"],
      ] as const) {
        assert.deepEqual(errorsOn(refused, name), [
          `Unknown instruction COPPY (line 2 of ${file}). [DockerfileInvalid]`,
        ]);
      }
      assert.match(
        errorsOn(refused, "disk").join(),
        /^disk\/app has uncommitted changes:\n {3}M disk\/docker\/web\.Dockerfile\n {2}\?\? disk\/docker\/web\.Dockerfile\.dockerignore\n/,
      );
    });
  });
});
