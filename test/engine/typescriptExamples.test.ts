import * as assert from "node:assert/strict";
import { exampleStack } from "../support/exampleStack";
import { changes } from "../support/project";
import { registry } from "../support/registry";
import { type Repo, repo } from "../support/repo";
import type { Result } from "../support/stack";

/** Those examples whose parts are a Docker daemon and a registry. */
describe("the examples in TypeScript", () => {
  let source: Repo;

  beforeEach(() => {
    source = repo();
  });

  afterEach(() => source.dispose());

  it("monorepo: a change of what two images share, or of their base, gives both a new version, one of an image's own that one alone", async () => {
    for (const name of ["web", "worker"]) {
      source.write(`services/${name}/Dockerfile`, `ARG BASE\nFROM $BASE\nCOPY lib /lib\nCOPY ${name} /app\n`);
    }
    source.write("images/base/Dockerfile", "FROM scratch\nCOPY base /base\n").write("images/base/base", "one\n");
    const namespace = registry.repository("monorepo");
    const stack = exampleStack("monorepo", source.write("services/lib/shared", "one\n"), { registry: namespace });
    try {
      const tags = (result: Result) => {
        assert.equal(result.succeeded, true, result.text);
        const images = result.outputs.images as Record<string, string>;
        return Object.values(images).map((reference) => /:([0-9a-f]{7})@sha256:[0-9a-f]{64}$/.exec(reference)?.[1]);
      };
      const first = source.head().slice(0, 7);
      assert.deepEqual(tags(await stack.up()), [first, first]);
      source.write("services/web/page", "two\n").add().commit("Web");
      const second = source.head().slice(0, 7);
      const changed = await stack.up();
      assert.deepEqual(tags(changed), [second, first]);
      assert.deepEqual(changes(changed), { "web-image": "update", "web-record": "update" });
      source.write("services/lib/shared", "two\n").add().commit("Lib");
      const third = source.head().slice(0, 7);
      assert.deepEqual(tags(await stack.up()), [third, third]);
      source.write("images/base/base", "two\n").add().commit("Base");
      const fourth = source.head().slice(0, 7);
      assert.deepEqual(tags(await stack.up()), [fourth, fourth]);
      assert.deepEqual(await registry.tags(`${namespace}/worker`), [first, third, fourth].sort());
      assert.deepEqual(await registry.tags(`${namespace}/base`), [first, fourth].sort());
    } finally {
      stack.forget();
    }
  });
});
