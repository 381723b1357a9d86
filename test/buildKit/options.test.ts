import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { busybox, contentOf, farmStack, farms } from "../support/buildKit";
import { changes, imageProject, succeeded } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { TestStack } from "../support/stack";

const SCRIPT = (line: string) => JSON.stringify(["/bin/busybox", "sh", "-c", line.replaceAll("@", "/bin/busybox ")]);

describe("what BuildKit can do and Docker's builder can't", () => {
  const disposables: (() => void)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  function project(files: Record<string, string>): Repo {
    const source = imageProject(files);
    disposables.push(() => source.dispose());
    return source;
  }

  /** A project whose image runs something while it is built. */
  function running(dockerfile: string): Repo {
    const source = project({ Dockerfile: dockerfile });
    copyFileSync(busybox(), source.path("app/busybox"));
    source.add().commit("Tools");
    return source;
  }

  function stackOf(...args: Parameters<typeof farmStack>): TestStack {
    const stack = farmStack(...args);
    disposables.push(() => stack.forget());
    return stack;
  }

  const filesBelow = (directory: string) =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));

  it("lets the build read a secret that is to be found nowhere after it, and whose value makes no version", async () => {
    const canary = `canary-${process.pid}-8fb0c1`;
    const line = "@sha256sum < /run/secrets/token > /hash";
    const source = running(
      `FROM scratch AS tools\nCOPY busybox /bin/busybox\nRUN --mount=type=secret,id=token ${SCRIPT(line)}\n` +
        "FROM scratch\nCOPY --from=tools /hash /hash\n",
    );
    const repository = registry.repository("secret");
    const cache = mkdtempSync(path.join(tmpdir(), "cache-"));
    disposables.push(() => rmSync(cache, { recursive: true }));
    const args = { repository, build: { cacheTo: [`type=local,dest=${cache},mode=max`] } };
    const stack = stackOf(source, args, farms.one, { TEST_SECRET: canary });
    const preview = await stack.preview();
    const update = await stack.up();
    const { digest } = succeeded(update);
    const content = await contentOf(repository, digest);
    assert.ok(content.includes(createHash("sha256").update(canary).digest("hex")), "the build did not read the secret");

    const places: [string, Buffer | string][] = [
      ["the preview's output", JSON.stringify(preview)],
      ["the update's output", JSON.stringify(update)],
      ["the state", stack.stateText()],
      ["the image", content],
      ["the staged files", Buffer.concat(filesBelow(source.path(".versioned-image")))],
      ["the exported cache", Buffer.concat(filesBelow(cache))],
    ];
    for (const [place, held] of places) {
      assert.equal(held.includes(canary), false, `the secret is in ${place}`);
    }
    const other = stackOf(source, args, farms.one, { TEST_SECRET: "another value" });
    assert.equal(succeeded(await other.up()).digest, digest);
    const changed = { ...stack.options, env: { ...stack.options.env, TEST_SECRET: "another value" } };
    Object.assign(stack.options, changed);
    assert.deepEqual(changes(await stack.up()), {});
  });

  it("takes what is built from a cache, and settles whatever the options say afterwards", async () => {
    const source = running(`FROM scratch\nCOPY busybox /bin/busybox\nARG WORD\nRUN ${SCRIPT("@echo $WORD > /word")}\n`);
    const repository = registry.repository("cache");
    const cache = `type=registry,ref=${repository}-cache`;
    const build = {
      args: { WORD: "cached" },
      cacheTo: [`${cache},mode=max`],
      network: "none",
      extraHosts: ["a:10.0.0.1"],
    };
    const first = succeeded(await stackOf(source, { repository, build }).up());
    assert.ok((await contentOf(repository, first.digest)).includes("cached\n"));

    const elsewhere = registry.repository("cached");
    const from = { args: { WORD: "cached" }, cacheFrom: [cache] };
    const stack = stackOf(source, { repository: elsewhere, build: from }, farms.other);
    assert.equal(succeeded(await stack.up()).digest, first.digest);
    const settled = JSON.stringify({
      app: {
        context: "app",
        repository: elsewhere,
        build: { builder: "BuildKit", builderName: "farm", ...from, cacheFrom: ["h/i"], ssh: ["default"] },
      },
    });
    assert.deepEqual(changes(await stack.up({ images: settled })), {});
  });
});
