import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type GitServer, gitServer } from "../../../scripts/release/gitServer";
import { run } from "../../../scripts/setup/run";
import { canCertify } from "../../support/authority";
import { type Repo, repo } from "../../support/repo";

/** By git, which asks as Pulumi's CLI does. */
describe("the git server on this machine", () => {
  let folder: string;
  let project: Repo;
  let server: GitServer;

  before(function () {
    if (!canCertify()) {
      this.skip();
    }
  });

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "git-server-"));
    project = repo();
    project.write("file", "text").add().commit("Begin");
    server = await gitServer(folder);
  });

  afterEach(() => {
    server.close();
    project.dispose();
    rmSync(folder, { recursive: true });
  });

  const git = (...args: string[]) => {
    const { SSL_CERT_FILE, ...env } = server.env;
    return run("git", args, { cwd: folder, env: { ...process.env, ...env, GIT_SSL_CAINFO: SSL_CERT_FILE } });
  };

  it("serves what a repository has", async () => {
    await git("clone", "--quiet", "--bare", project.directory, "owner/repository.git");
    const listed = await git("ls-remote", `${server.url}/owner/repository.git`, "HEAD");
    assert.equal(listed, `${project.git("rev-parse", "HEAD").trim()}\tHEAD\n`);
    await git("clone", "--quiet", "--depth=1", `${server.url}/owner/repository.git`, "clone");
    assert.equal((await run("cat", ["clone/file"], { cwd: folder })).trim(), "text");
  });
});
