import * as assert from "node:assert/strict";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { copyContext } from "../../../components/build/snapshot";
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
    rmSync(into, { recursive: true });
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
});
