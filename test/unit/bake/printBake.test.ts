import * as assert from "node:assert/strict";
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { printBake } from "../../../components/bake/printBake";
import { type ErrorCode, VersionedImageError } from "../../../components/errors";

describe("docker buildx bake --print", () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "docker-")));

  after(() => rmSync(folder, { recursive: true }));

  /** What is printed by a docker command that is a shell script. */
  function print(script: string, call: Partial<Parameters<typeof printBake>[0]> = {}, limitMs?: number) {
    const docker = path.join(folder, "docker");
    writeFileSync(docker, `#!/bin/sh\n${script}\n`);
    chmodSync(docker, 0o755);
    const { env = {}, ...more } = call;
    const asked = { files: ["bake.hcl"], targets: [], directory: folder, credentials: true, ...more };
    return printBake({ ...asked, env: { PATH: `${folder}:/bin:/usr/bin`, ...env } }, limitMs);
  }

  function fails(printed: Promise<string>, code: ErrorCode, message: string | RegExp): Promise<void> {
    return assert.rejects(printed, (error) => {
      assert.ok(error instanceof VersionedImageError);
      assert.equal(error.code, code);
      if (typeof message === "string") {
        assert.equal(error.message, message);
      } else {
        assert.match(error.message, message);
      }
      return true;
    });
  }

  it("is run in the directory, with the files from there and the targets", async () => {
    const call = { files: ["one.hcl", path.join(folder, "two.json")], targets: ["api", "web_1"] };
    assert.equal(
      await print('pwd; echo "$*"', call),
      `${folder}\nbuildx bake --print --file=${path.relative(folder, "one.hcl")} --file=two.json api web_1\n`,
    );
  });

  it("asks for no secrets and agents where none are needed", async () => {
    assert.match(await print('echo "$*"', { credentials: false }), / --set=\*\.secrets= --set=\*\.ssh=\n$/);
  });

  it("is not told of SOURCE_DATE_EPOCH, which it would make an argument", async () => {
    const env = { SOURCE_DATE_EPOCH: "5", TAG: "x" };
    assert.equal(await print('echo "$TAG$SOURCE_DATE_EPOCH"', { env }), "x\n");
  });

  it("fails with buildx's words, without the progress before", async () => {
    await fails(
      print("printf '#1 [internal] load\\n#1 DONE 0.0s\\nbake.hcl:3\\nERROR: no\\n' >&2; exit 1"),
      "BakeFailed",
      `\`docker buildx bake --print\` of bake.hcl in ${folder} failed: bake.hcl:3\nERROR: no`,
    );
  });

  it("says what to do where that is known", async () => {
    await fails(
      print("echo 'ERROR: failed to find target default' >&2; exit 1"),
      "BakeFailed",
      /Name the targets to use\.$/,
    );
    await fails(
      print("echo 'docker: unknown command: docker buildx' >&2; exit 1"),
      "BakeFailed",
      /Install version 0\.10 or later\.$/,
    );
    await fails(
      print("echo \"ERROR: could not find any target matching '*'\" >&2; exit 1"),
      "BakeFailed",
      "bake.hcl has no target that can be built. Name another file.",
    );
  });

  it("fails where there is no docker, no directory, no end and no word", async () => {
    await fails(
      print("", { env: { PATH: "/nonexistent" } }),
      "BakeFailed",
      /docker is not on PATH; install it with the buildx plugin$/,
    );
    await fails(
      print("", { directory: path.join(folder, "none") }),
      "BakeFailed",
      /failed: directory \S+\/none does not exist$/,
    );
    await fails(print("exec sleep 60", {}, 200), "BakeFailed", /failed: it did not finish within 0\.2 seconds$/);
    await fails(print("exit 3"), "BakeFailed", /failed: exit status 3$/);
    await fails(print("kill -9 $$"), "BakeFailed", /failed: it was ended by SIGKILL$/);
  });

  for (const file of ["-", "", "https://example.com/bake.hcl", "git@example.com:x/y.git"]) {
    it(`does not read ${JSON.stringify(file)}`, async () => {
      await fails(print("echo read", { files: [file] }), "InvalidArgument", /is not a local file/);
    });
  }

  for (const target of ["https://example.com/x.git", "--push", "", "a b", "*"]) {
    it(`does not take ${JSON.stringify(target)} for a target`, async () => {
      await fails(print("echo read", { targets: [target] }), "InvalidArgument", /is not a valid name of a bake target/);
    });
  }
});
