import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import fs from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { mock } from "node:test";
import fc from "fast-check";
import { readIgnoreFile } from "../../../components/context/ignoreFile";
import { copyContext } from "../../../components/context/snapshot";
import { VersionedImageError } from "../../../components/errors";
import { errorOf } from "../../support/assertError";
import { asNobody, NOBODY, needRoot } from "../../support/nobody";
import { Repo, scratch } from "../../support/repo";

describe("copyContext", () => {
  let source: Repo;
  let into: string;

  beforeEach(() => {
    source = new Repo(scratch());
    into = mkdtempSync(path.join(tmpdir(), "into-"));
    source
      .write("Dockerfile", "FROM scratch\n")
      .write("src/code", "code")
      .write("src/test", "test")
      .write("docs/text", "text");
  });

  afterEach(() => {
    source.dispose();
    rmSync(into, { recursive: true, force: true });
  });

  function copy(paths?: string[], dockerfile = "Dockerfile"): Promise<string[]> {
    return copyContext({ context: source.directory, paths, dockerfile }, into);
  }

  it("copies all that is there, with modes, times and links", async () => {
    source.write("run", "x", 0o755).link("link", "src/code");
    assert.deepEqual(await copy(), ["Dockerfile", "docs/text", "link", "run", "src/code", "src/test"]);
    assert.equal(readFileSync(path.join(into, "src/code"), "utf8"), "code");
    assert.equal(statSync(path.join(into, "run")).mode & 0o777, 0o755);
    assert.equal(lstatSync(path.join(into, "link")).isSymbolicLink(), true);
    assert.equal(readlinkSync(path.join(into, "link")), "src/code");
    assert.deepEqual(statSync(path.join(into, "run")).mtime, statSync(source.path("run")).mtime);
  });

  it("leaves out what .dockerignore names, and keeps what it takes back", async () => {
    source.write(".dockerignore", "# comment\nsrc\n!src/code\nDockerfile\n");
    assert.deepEqual(await copy(), [".dockerignore", "Dockerfile", "docs/text", "src/code"]);
  });

  it("reads a named context's own .dockerignore alone, which may name itself and a Dockerfile", async () => {
    const named = () => copyContext({ context: source.directory, paths: undefined, dockerfile: undefined }, into);
    source.write("Dockerfile.dockerignore", "src\n");
    assert.deepEqual(await named(), ["Dockerfile", "Dockerfile.dockerignore", "docs/text", "src/code", "src/test"]);
    rmSync(into, { recursive: true });
    source.write(".dockerignore", "docs\nDockerfile*\n.dockerignore\n");
    assert.deepEqual(await named(), ["src/code", "src/test"]);
  });

  it("prefers the ignore file of the Dockerfile", async () => {
    source
      .write("web.Dockerfile", "FROM scratch\n")
      .write("web.Dockerfile.dockerignore", "docs\n")
      .write(".dockerignore", "src\n");
    assert.deepEqual(await copy(undefined, "web.Dockerfile"), [
      ".dockerignore",
      "Dockerfile",
      "src/code",
      "src/test",
      "web.Dockerfile",
      "web.Dockerfile.dockerignore",
    ]);
  });

  it("leaves out git's own folders and the staged contexts", async () => {
    source
      .write(".git/config", "x")
      .write("vendor/.git", "gitdir: x")
      .write(".versioned-image/x", "x")
      .write(".gitignore", "x");
    assert.deepEqual(await copy(), [".gitignore", "Dockerfile", "docs/text", "src/code", "src/test"]);
  });

  it("copies the paths alone, and the Dockerfile", async () => {
    assert.deepEqual(await copy(["src/", "./Dockerfile"]), ["Dockerfile", "src/code", "src/test"]);
    assert.deepEqual(await copy(["src/code"]), ["Dockerfile", "src/code"]);
  });

  it("tells names apart by case, as Docker does on Linux", async () => {
    source.write("SRC/code", "other").write("Docs", "file").write(".dockerignore", "src\ndocs\n");
    assert.deepEqual(await copy(), [".dockerignore", "Dockerfile", "Docs", "SRC/code"]);
  });

  it("copies hostile names as they are", async () => {
    const names = [
      "-rf",
      "..two",
      "...",
      "a\nb",
      " a ",
      "a\\b",
      "!a",
      "#a",
      "[a",
      "a*b",
      "constructor",
      "__proto__",
      "ü",
    ];
    source.remove("src").remove("docs");
    for (const name of names) {
      source.write(name, name).write(`d/${name}/${name}`, name);
    }
    const expected = ["Dockerfile", ...names, ...names.map((name) => `d/${name}/${name}`)].sort();
    assert.deepEqual(await copy(), expected);
    for (const name of names) {
      assert.equal(readFileSync(path.join(into, "d", name, name), "utf8"), name);
    }
  });

  it("leaves out what is no file: pipes, sockets and devices", async () => {
    execFileSync("mkfifo", [source.path("src/pipe")]);
    const server = createServer().listen(source.path("src/socket"));
    await once(server, "listening");
    if (process.getuid?.() === 0) {
      execFileSync("mknod", [source.path("src/zero"), "c", "1", "5"]);
    }
    assert.deepEqual(await copy(), ["Dockerfile", "docs/text", "src/code", "src/test"]);
    assert.deepEqual(readdirSync(path.join(into, "src")), ["code", "test"]);
    await new Promise((resolve) => server.close(resolve));
  });

  it("copies links that lead in a circle, nowhere or out of the context, and follows none", async () => {
    const targets = {
      up: "..",
      self: "self",
      one: "two",
      two: "one",
      nowhere: "missing",
      out: "/etc",
      "src/all": "../src",
    };
    for (const [name, target] of Object.entries(targets)) {
      source.link(name, target);
    }
    assert.deepEqual(await copy(), ["Dockerfile", "docs/text", ...Object.keys(targets), "src/code", "src/test"].sort());
    for (const [name, target] of Object.entries(targets)) {
      assert.equal(readlinkSync(path.join(into, name)), target);
    }
  });

  it("goes on where a file, or a directory, is taken away meanwhile", async () => {
    source.write("a", "a").write("z/z", "z");
    const { lstat } = fs;
    // The first file that is copied takes away others.
    mock.method(fs, "lstat", (file: string) => {
      if (file === source.path("a")) {
        source.remove("docs/text").remove("z");
      }
      return lstat(file);
    });
    try {
      assert.deepEqual(await copy(), ["Dockerfile", "a", "src/code", "src/test"]);
    } finally {
      mock.restoreAll();
    }
  });

  it("refuses a name that is not UTF-8, and not one that is left out", async () => {
    writeFileSync(Buffer.concat([Buffer.from(source.path("src/")), Buffer.from([0xe9])]), "x");
    assert.match(await errorOf("StagingFailed", () => copy()), /^The name of "src\/\uFFFD" is not UTF-8/);
    source.write(".dockerignore", "src\n");
    assert.deepEqual(await copy(), [".dockerignore", "Dockerfile", "docs/text"]);
  });

  describe("what can't be read", () => {
    beforeEach(function () {
      needRoot(this);
      source.write("secret/key", "key").write("data/pages/1", "1");
      chmodSync(source.path("secret/key"), 0);
      execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, source.directory, into]);
      execFileSync("chmod", ["000", source.path("data")]);
    });

    it("is named, with what to do", async () => {
      for (const [paths, name] of [
        [["Dockerfile", "data"], "data"],
        [["Dockerfile", "secret"], "secret/key"],
      ] as const) {
        const message = await errorOf("StagingFailed", () => asNobody(() => copy([...paths])));
        assert.ok(message.startsWith(`"${name}" can't be read (EACCES: `), message);
        assert.match(message, /name it in \.dockerignore\.$/);
      }
    });

    it("does no harm where it is left out, and not taken back", async () => {
      const rest = ["Dockerfile", "docs/text", "src/code", "src/test"];
      assert.deepEqual(await asNobody(() => copy(["Dockerfile", "src"])), ["Dockerfile", "src/code", "src/test"]);
      source.write(".dockerignore", "data\nsecret\n");
      assert.deepEqual(await asNobody(() => copy()), [".dockerignore", ...rest]);
      source.write(".dockerignore", "*/key\n**/data\n");
      assert.deepEqual(await asNobody(() => copy()), [".dockerignore", ...rest]);
      source.write(".dockerignore", "data\nsecret\n!data/pages\n");
      assert.match(await errorOf("StagingFailed", () => asNobody(() => copy())), /^"data" can't be read \(/);
    });
  });

  for (const [what, make, words] of [
    ["a pipe", () => execFileSync("mkfifo", [source.path(".dockerignore")]), /^\.dockerignore is not a file\./],
    ["a directory", () => source.write(".dockerignore/x", "x"), /^\.dockerignore is not a file\./],
    ["a link to itself", () => source.link(".dockerignore", ".dockerignore"), /^\.dockerignore can't be read \(ELOOP/],
    ["nonsense", () => source.write(".dockerignore", "a\n[\n"), /^\.dockerignore has an invalid pattern/],
  ] as const) {
    it(`refuses a .dockerignore that is ${what}`, async () => {
      make();
      assert.match(await errorOf("StagingFailed", () => copy()), words);
    });
  }

  describe("with a Dockerfile outside of the context", () => {
    const copyOutside = (staged: string) =>
      copyContext({ context: source.path("src"), paths: undefined, dockerfile: "../docs/Dockerfile", staged }, into);

    beforeEach(() => {
      source.write("docs/Dockerfile", "FROM a\n").write("src/.dockerignore", "test\n");
    });

    it("copies it to where it is staged, and heeds the context's .dockerignore", async () => {
      assert.deepEqual(await copyOutside(".staged/Dockerfile"), [".dockerignore", "code"]);
      assert.deepEqual(readdirSync(into, { recursive: true }).sort(), [
        ".dockerignore",
        ".staged",
        ".staged/Dockerfile",
        "code",
      ]);
      assert.equal(readFileSync(path.join(into, ".staged/Dockerfile"), "utf8"), "FROM a\n");
    });

    it("prefers the ignore file beside it, which goes with it", async () => {
      source.write("docs/Dockerfile.dockerignore", "code\n");
      assert.deepEqual(await copyOutside(".staged/Dockerfile"), [".dockerignore", "test"]);
      assert.deepEqual(readdirSync(path.join(into, ".staged")).sort(), ["Dockerfile", "Dockerfile.dockerignore"]);
    });
  });

  it("reads any .dockerignore, or refuses it by an error of ours", async () => {
    const line = fc.oneof(fc.string(), fc.stringMatching(/^!?[*/.a-d[\]?\\]{0,10}$/));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), async (lines) => {
        source.write(".dockerignore", lines.join("\n"));
        const { ignores } = await readIgnoreFile(source.directory, "Dockerfile").catch((error) => {
          assert.ok(error instanceof VersionedImageError, String(error?.stack));
          return { ignores: () => false };
        });
        assert.equal(typeof ignores("src/code"), "boolean");
      }),
    );
  });

  it("looks into no directory that is left out, and finds the same without", async () => {
    const pattern = fc.constantFrom(
      "src",
      "*",
      "**/code",
      "docs/*",
      "**",
      "s*",
      "/src",
      "src/",
      "src/code",
      "src/**",
      "a/b",
      "?rc",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pattern, { maxLength: 4 }), async (patterns) => {
        source.write(".dockerignore", patterns.join("\n"));
        const { ignores, ignoresAllOf } = await readIgnoreFile(source.directory, "Dockerfile");
        for (const [directory, files] of Object.entries({
          src: ["src/code", "src/test", "src/a/b"],
          docs: ["docs/text"],
        })) {
          assert.ok(!ignoresAllOf(directory) || files.every(ignores), patterns.join());
        }
      }),
    );
  });
});
