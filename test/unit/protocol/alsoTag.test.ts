import * as assert from "node:assert/strict";
import type { VersionedImageArgs } from "../../../components/args";
import { moveTags } from "../../../components/protocol/alsoTag";
import { movingTagsOf } from "../../../components/publish/subject";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries } from "../../support/fakeRegistry";
import { client, MANIFEST, sha256 } from "../registry/setup";

describe("alsoTag", () => {
  const start = fakeRegistries();
  const CONTENT = "{}";
  const HELD = {
    status: 200,
    headers: { "content-type": MANIFEST, "docker-content-digest": sha256(CONTENT) },
    body: CONTENT,
  };

  function moving(args: Partial<VersionedImageArgs>, debug = false): string[] {
    return movingTagsOf({ args: { context: "app", ...args }, version: { debug } as never });
  }

  it("names tags to move, each once", () => {
    assert.deepEqual(moving({}), []);
    assert.deepEqual(moving({ alsoTag: ["latest", "stable", "latest", "v1.2", "v1"] }), [
      "latest",
      "stable",
      "v1.2",
      "v1",
    ]);
  });

  it("asks the registry whether it moves tags, and not the program", () => {
    assert.deepEqual(moving({ alsoTag: ["latest"], immutableTags: true }), ["latest"]);
  });

  it("moves none to a debug image, nor from a stack that may not publish", () => {
    assert.deepEqual(moving({ alsoTag: ["latest"] }, true), []);
    assert.deepEqual(moving({ alsoTag: ["latest"], publish: false }), []);
  });

  for (const [args, why] of [
    [{ alsoTag: ["a/b"] }, /"a\/b" is not a tag/],
    [{ alsoTag: [""] }, /"" is not a tag/],
    [{ alsoTag: ["88d38d9"] }, /88d38d9 looks like a version/],
    [{ alsoTag: ["88d38d9-debug"] }, /88d38d9-debug looks like a version/],
    [{ alsoTag: ["git-88d38d9"], tagPrefix: "git-" }, /git-88d38d9 looks like a version/],
    [{ alsoTag: ["scratch-dev-0123456789ab"] }, /scratch-dev-0123456789ab looks like a version/],
    [
      { alsoTag: ["v1.2.3"] },
      /v1\.2\.3 looks like a release tag, which never moves: set it in releaseTags \(--release-tag\)/,
    ],
    [{ alsoTag: ["1.2.3"] }, /1\.2\.3 looks like a release/],
    [{ alsoTag: ["v1.2.3-rc.1"] }, /v1\.2\.3-rc\.1 looks like a release/],
    [{ alsoTag: ["2024.11.30.1"] }, /2024\.11\.30\.1 looks like a release/],
    [{ alsoTag: ["scratch-publish-0123456789ab"] }, /scratch-publish-0123456789ab looks like a version/],
  ] as const) {
    it(`refuses ${JSON.stringify(args)}`, async () => {
      assert.match(await errorOf("InvalidArgument", async () => moving({ ...args, alsoTag: [...args.alsoTag] })), why);
    });
  }

  it("puts the image's own manifest under each tag that names something else", async () => {
    const registry = await start(({ method, url }) => {
      const reference = url.split("/").at(-1);
      if (method === "PUT") {
        return { status: 201, headers: { "docker-content-digest": sha256(CONTENT) } };
      }
      return reference === "latest" ? ABSENT : HELD;
    });
    const target = { registry: client(), repository: `${registry.host}/a`, spec: `${registry.host}/a:88d38d9` };
    await moveTags(target, sha256(CONTENT), ["latest", "stable"], "pulumi up");
    assert.deepEqual(
      registry.seen.filter(({ method }) => method === "PUT").map(({ url, body }) => [url, body]),
      [["/v2/a/manifests/latest", CONTENT]],
    );
  });

  it("that the registry refuses to move: TagRefused, with its words", async () => {
    const registry = await start(({ method, url }) => {
      if (method === "PUT") {
        return { status: 403, body: { errors: [{ code: "DENIED", message: "no" }] } };
      }
      return url.endsWith("latest") ? ABSENT : HELD;
    });
    const target = { registry: client(), repository: `${registry.host}/a`, spec: `${registry.host}/a:88d38d9` };
    const message = await errorOf("TagRefused", () => moveTags(target, sha256(CONTENT), ["latest"], "pulumi up"));
    assert.match(message, /refuses to move the tag latest to it \(status 403: DENIED: no\)/);
  });
});
