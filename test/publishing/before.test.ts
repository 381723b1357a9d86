import * as assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { createRegistryClient } from "../../components/registry";
import { contextDigest } from "../standins/docker/contextDigest";
import { LONG } from "../support/long";
import { changes, imageProject, imageStack, succeeded } from "../support/project";
import { registry } from "../support/registry";
import { RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import { TestStack } from "../support/stack";

const COMMIT = "3380ae818e0b60da6d510d4668060436ca6e79ea";
const TREE = "b1c61953e2144c932320ea6ab03a00844ead855b";

/**
 * What was written before the first release goes on without a build: before/ has states as `pulumi stack export --show-secrets` printed them, but
 * for where an image went. With immutable tags, images were pushed under the version's own tag, elsewhere under a scratch tag, with the labels in
 * the Dockerfile. What releases wrote is in test/kept.
 */
describe("a stack that was updated before the first release", () => {
  const disposables: (() => unknown)[] = [];

  afterEach(async () => {
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  /** What the short form leaves out. */
  const long = LONG ? it : () => {};

  for (const [how, where, immutable, itUnchanged, itReplaced] of [
    ["mutable", "as they are", undefined, it, it],
    ["immutable", "as they are", 400, it, long],
    ["immutable", "as only the program said", undefined, long, it],
  ] as const) {
    describe(`with ${how} tags, ${where}`, () => {
      let source: Repo;
      let repository: string;
      let behind: string;
      let stack: TestStack;
      let proxy: RegistryProxy;
      let digest: string;

      beforeEach(async () => {
        source = imageProject();
        assert.equal(source.head(), COMMIT);
        proxy = await RegistryProxy.start({ immutable });
        behind = registry.repository("before");
        repository = behind.replace(registry.host, proxy.host);
        stack = imageStack(source, { repository, immutableTags: how === "immutable" });
        disposables.push(
          () => stack.forget(),
          () => source.dispose(),
          () => proxy.stop(),
        );
        const template = readFileSync(path.join(__dirname, "before", `${how}.json`), "utf8");
        const scratch = /\{\{repository\}\}:(scratch-[a-z0-9-]+)/.exec(template)?.[1];
        digest = await publishAsBefore(behind, ["3380ae8", ...(scratch ? [scratch] : [])]);
        stack.importState(
          template
            .replaceAll("{{repository}}", repository)
            .replaceAll("{{digest}}", digest)
            .replaceAll("{{contextDigest}}", digestOfMarker(source, `${repository}:3380ae8`)),
        );
      });

      itUnchanged("changes nothing, twice, and publishes the next version", async () => {
        const pushed = registry.pushesTo(behind);
        for (let update = 0; update < 2; update++) {
          const result = await stack.up();
          assert.deepEqual(changes(result), {}, result.text);
          assert.deepEqual([succeeded(result).digest, succeeded(result).outcome], [digest, "published"]);
        }
        assert.equal(registry.pushesTo(behind), pushed);
        source.write("app/main", "two\n").add().commit("Two");
        const result = await stack.up();
        const next = succeeded(result);
        assert.deepEqual(changes(result), { "app-image": "update", "app-record": "update" }, result.text);
        assert.equal(await registry.digest(`${behind}:${next.tag}`), next.digest);
        assert.equal(await registry.digest(`${behind}:3380ae8`), digest);
        assert.deepEqual(changes(await stack.up()), {});
      });

      itReplaced("is not stuck where what it built is replaced, and gives no tag anything else", async () => {
        // A registry that moves tags would have its version's tag overwritten.
        const isRefused = how === "immutable" && immutable === undefined;
        const replaced = await stack.up({}, { replace: ["**::app-image"] });
        if (isRefused) {
          const record = /`pulumi state delete\s+--force\s+'([^']+)'`/.exec(replaced.text)?.[1];
          assert.ok(!replaced.succeeded && record, replaced.text);
          stack.deleteFromState(record);
        }
        const image = succeeded(isRefused ? await stack.up() : replaced);
        assert.equal(image.digest, digest);
        const written = proxy.written.filter(({ spec }) => spec.endsWith(":3380ae8"));
        assert.deepEqual(
          written.map((entry) => entry.digest),
          immutable === undefined ? [] : [digest],
        );
        assert.equal(await registry.digest(`${behind}:3380ae8`), digest);
        assert.deepEqual(changes(await stack.up()), {});
      });
    });
  }
});

/** Builds and pushes by the provider, as was done then, with the labels in the Dockerfile. Returns the digest. */
async function publishAsBefore(repository: string, tags: string[]): Promise<string> {
  const labels = {
    "org.opencontainers.image.revision": COMMIT,
    "dev.versioned-image.tree": TREE,
    "dev.versioned-image.build": "platform=linux/amd64 dockerfile=Dockerfile",
  };
  const given = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const labelled = imageProject({ Dockerfile: `FROM scratch\nCOPY main /main\nLABEL ${given.join(" ")}\n` });
  const plain = new TestStack("plain", {
    workDir: labelled.directory,
    env: process.env,
    program: path.join(__dirname, "../engine/programs/plain.ts"),
    config: { repository },
  });
  try {
    const { succeeded: isPushed, outputs, text } = await plain.up();
    assert.equal(isPushed, true, text);
    const digest = String(outputs.repoDigest).split("@")[1] ?? "";
    const client = createRegistryClient();
    const content = await client.manifest(repository, digest);
    assert.ok(content);
    for (const tag of tags) {
      assert.equal(await client.tag(repository, tag, content), "tagged");
    }
    return digest;
  } finally {
    plain.forget();
    labelled.dispose();
  }
}

/** What the provider makes of the line that stands for the files while nothing is built. */
function digestOfMarker(source: Repo, spec: string): string {
  const folder = source.path(".marker");
  mkdirSync(folder);
  writeFileSync(path.join(folder, "Dockerfile"), `# ${spec}\n`, { mode: 0o644 });
  try {
    return contextDigest(folder, path.join(folder, "Dockerfile"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
