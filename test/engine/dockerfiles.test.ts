import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { changes, errorsOn, imageConfig, imageProject, imageStack, succeeded } from "../support/project";
import { outputOf, registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result } from "../support/stack";

const ITSELF = 'FROM busybox:1.36 AS base\nCOPY Dockerfile /\nFROM base\nCMD ["cat", "/Dockerfile"] \\';

/** Promise 7: every Dockerfile that Docker can build is built, with labels, and nothing of the user's changes. */
describe("a production tag 7. of every kind of Dockerfile", () => {
  const disposables: (() => void)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  async function up(source: Repo, args: object): Promise<{ result: Result; spec: string }> {
    const stack = imageStack(source, args);
    disposables.push(() => stack.forget());
    const result = await stack.up();
    assert.equal(result.succeeded, true, result.text);
    return { result, spec: (result.outputs.images as { app: { spec: string } }).app.spec };
  }

  const kinds: [what: string, files: Record<string, string>, args: object, output: string][] = [
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
  const withHereDocuments: typeof kinds = [
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
  for (const [what, files, args, output] of [...kinds, ...withHereDocuments]) {
    it(what, async function () {
      if (withHereDocuments.some(([name]) => name === what) && !hasHereDocuments()) {
        this.skip();
      }
      const source = imageProject(files);
      disposables.push(() => source.dispose());
      const before = source.git("status", "--porcelain", "--ignored");
      const { spec } = await up(source, { repository: registry.repository("kind"), ...args });
      assert.equal(outputOf(spec), output);
      assert.equal((await registry.labels(spec))["org.opencontainers.image.revision"], source.head());
      assert.equal(
        source
          .git("status", "--porcelain", "--ignored")
          .replace(/^!! (\.versioned-image\/|Pulumi\.test\.yaml)\n?/gm, "")
          .trim(),
        before,
      );
    });
  }

  for (const builder of ["Docker", "BuildKit"]) {
    it(`refuses in a preview what ${builder} could not build`, async () => {
      const source = imageProject({ Dockerfile: "FROM scratch\nCOPPY main /\n" });
      disposables.push(() => source.dispose());
      const stack = imageStack(source, { repository: registry.repository("kind"), build: { builder } });
      disposables.push(() => stack.forget());
      const refused = await stack.preview();
      assert.equal(refused.succeeded, false, refused.text);
      assert.deepEqual(errorsOn(refused, "app"), [
        "Docker knows no instruction COPPY (line 2 of Dockerfile). [DockerfileInvalid]",
      ]);
    });
  }

  /** Docker 23 and later read Dockerfiles so. */
  function hasHereDocuments(): boolean {
    const version = execFileSync("docker", ["version", "--format", "{{.Server.Version}}"], { encoding: "utf8" });
    return Number.parseInt(version, 10) >= 23;
  }

  describe("outside of the context", () => {
    function outside(more: object = {}) {
      const source = imageProject({
        "../docker/web.Dockerfile": 'FROM busybox:1.36\nCOPY main /\nCMD ["cat", "/main"]\n',
      });
      const args = { repository: registry.repository("outside"), dockerfile: "../docker/web.Dockerfile" };
      const stack = imageStack(source, { ...args, ...more });
      disposables.push(
        () => source.dispose(),
        () => stack.forget(),
      );
      return { source, stack };
    }

    it("gives a new version with a commit of it, and says in the preview where it is wrong", async () => {
      const { source, stack } = outside();
      const first = succeeded(await stack.up());
      assert.equal(outputOf(first.spec), "one\n");
      assert.equal(
        (await registry.labels(first.spec))["dev.versioned-image.build"],
        "platform=linux/amd64 dockerfile=../docker/web.Dockerfile",
      );
      const unchanged = await stack.preview();
      assert.deepEqual([unchanged.succeeded, changes(unchanged)], [true, {}], unchanged.text);

      source.write("docker/web.Dockerfile", 'FROM busybox:1.36\nCMD ["echo", "two"]\n').add().commit("Two");
      const second = succeeded(await stack.up());
      assert.deepEqual([second.outcome, second.commit], ["published", source.head()]);
      assert.equal(outputOf(second.spec), "two\n");

      source.write("docker/web.Dockerfile", "FROM busybox:1.36\nCOPPY main /\n").add().commit("Wrong");
      assert.deepEqual(errorsOn(await stack.preview(), "app"), [
        "Docker knows no instruction COPPY (line 2 of ../docker/web.Dockerfile). [DockerfileInvalid]",
      ]);
    });

    it("is built as it is on disk in debug, and stops production until it is committed", async () => {
      const { source, stack } = outside({ debug: true });
      source.write("docker/web.Dockerfile", 'FROM busybox:1.36\nCOPY . /app\nCMD ["ls", "/app"]\n');
      source.write("docker/web.Dockerfile.dockerignore", "Dockerfile\n");
      assert.equal(outputOf(succeeded(await stack.up()).spec), "main\n");
      const unchanged = await stack.preview();
      assert.deepEqual([unchanged.succeeded, changes(unchanged)], [true, {}], unchanged.text);

      const config = imageConfig({ ...JSON.parse(stack.options.config?.images ?? "{}").app, debug: false });
      assert.match(
        errorsOn(await stack.preview(config), "app").join(),
        /^app has changes that are not committed:\n {3}M docker\/web\.Dockerfile\n {2}\?\? docker\/web\.Dockerfile\.dockerignore\n/,
      );
    });
  });

  it("keeps the cache of earlier steps when a commit touches only the last one's input", async () => {
    const files = {
      Dockerfile:
        'FROM busybox:1.36\nCOPY early /\nRUN head -c 16 /dev/urandom | md5sum > /stamp\nCOPY late /\nCMD ["cat", "/stamp", "/late"]\n',
      early: "early\n",
      late: "one\n",
    };
    const source = imageProject(files);
    disposables.push(() => source.dispose());
    const args = { repository: registry.repository("cache") };
    const first = outputOf((await up(source, args)).spec);
    source.write("app/late", "two\n").add().commit();
    const second = outputOf((await up(source, args)).spec);
    assert.match(first, /^[0-9a-f]{32} .*\none\n$/);
    assert.equal(second, first.replace("one\n", "two\n"));
  });
});
