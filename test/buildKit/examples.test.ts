import * as assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { busybox, farms } from "../support/buildKit";
import { exampleStack } from "../support/exampleStack";
import { registry } from "../support/registry";
import { type Repo, repo } from "../support/repo";
import type { Result } from "../support/stack";

/** Those examples whose parts are a BuildKit daemon and a registry. None names its builder: the provider takes the one that there is. */
describe("the examples in TypeScript for BuildKit", () => {
  const env = { ...process.env, DOCKER_HOST: "unix:///nonexistent.sock" };
  let source: Repo;

  beforeEach(() => {
    source = repo();
  });

  afterEach(() => source.dispose());

  function outputs(result: Result): Record<string, unknown> {
    assert.equal(result.succeeded, true, result.text);
    return result.outputs;
  }

  it("contexts: a change in the shared directory gives both images a new version", async () => {
    for (const name of ["web", "worker"]) {
      source.write(`services/${name}/Dockerfile`, "FROM scratch\nCOPY --from=lib shared /shared\n");
    }
    source.write("lib/shared", "one\n");
    const config = { registry: registry.repository("contexts") };
    const stack = exampleStack("contexts", source, config, { ...env, DOCKER_CONFIG: farms.one });
    try {
      const tags = (result: Result) =>
        Object.values(outputs(result).images as object).map((reference) => /:([0-9a-f]{7})@/.exec(reference)?.[1]);
      const first = source.head().slice(0, 7);
      assert.deepEqual(tags(await stack.up()), [first, first]);
      source.write("lib/shared", "two\n").add().commit("Lib");
      const second = source.head().slice(0, 7);
      assert.deepEqual(tags(await stack.up()), [second, second]);
    } finally {
      stack.forget();
    }
  });

  it("secrets: the build has it, and another one is no other version", async () => {
    source.write(
      "simple/Dockerfile",
      "FROM scratch\nCOPY busybox /bin/sh\nRUN --mount=type=secret,id=npm test -s /run/secrets/npm\n",
    );
    copyFileSync(busybox(), source.path("simple/busybox"));
    const repository = registry.repository("secrets");
    const stack = exampleStack(
      "secrets",
      source,
      { repository, npmToken: "first" },
      { ...env, DOCKER_CONFIG: farms.one },
    );
    try {
      const { reference } = outputs(await stack.up());
      assert.match(String(reference), new RegExp(`^${repository}:${source.head().slice(0, 7)}@sha256:[0-9a-f]{64}$`));
      assert.equal(outputs(await stack.up({ npmToken: "second" })).reference, reference);
    } finally {
      stack.forget();
    }
  });
});
