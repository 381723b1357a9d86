import * as assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { VersionedImageError } from "../../../components/errors";
import { tagContent } from "../../../components/publish/tagContent";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply, type Seen } from "../../support/fakeRegistry";
import { AUTH, challenge, client, MANIFEST, sha256 } from "../registry/setup";

const [OURS, THEIRS] = ["{}", "[]"];

describe("tagging content", () => {
  const start = fakeRegistries();
  const held = (content: string): Reply => ({
    status: 200,
    headers: { "content-type": MANIFEST, "docker-content-digest": sha256(content) },
    body: content,
  });

  /** A registry with a tag that `answer` decides about: what it serves, and what it says of a PUT. */
  async function registryWith(options: { tag?: () => Reply; put?: () => Reply; content?: Reply; immutable?: boolean }) {
    const {
      tag = () => (written ? held(OURS) : ABSENT),
      put = () => ({ status: 201 }),
      content = held(OURS),
      immutable,
    } = options;
    let written = false;
    const registry = await start(({ method, url }) => {
      if (method === "PUT") {
        written = true;
        return put();
      }
      return url.endsWith("/88d38d9") ? tag() : content;
    });
    const proved: string[] = [];
    const result = () =>
      tagContent({
        registry: client(),
        repository: `${registry.host}/a`,
        tag: "88d38d9",
        digest: sha256(OURS),
        immutable,
        momentMs: 1,
        prove: async (digest) => {
          proved.push(digest);
        },
      });
    return { registry, proved, result };
  }

  const writes = (seen: Seen[]) => seen.filter(({ method }) => method === "PUT").map(({ url, body }) => [url, body]);

  it("puts its own manifest under the tag, and reads that back", async () => {
    const { registry, proved, result } = await registryWith({});
    assert.deepEqual(await result(), { digest: sha256(OURS), byAnother: false });
    assert.deepEqual(writes(registry.seen), [["/v2/a/manifests/88d38d9", OURS]]);
    assert.equal(registry.requests.at(-1), "HEAD /v2/a/manifests/88d38d9");
    assert.deepEqual(proved, []);
  });

  it("writes nothing where the tag is there, and uses what it serves", async () => {
    const { registry, proved, result } = await registryWith({ tag: () => held(THEIRS) });
    assert.deepEqual(await result(), { digest: sha256(THEIRS), byAnother: true });
    assert.deepEqual([writes(registry.seen), proved], [[], [sha256(THEIRS)]]);
  });

  it("reads a tag back where tags can be moved, since what is there may be overwritten yet", async () => {
    let looks = 0;
    const { proved, result } = await registryWith({ tag: () => held(++looks > 1 ? THEIRS : OURS) });
    assert.deepEqual(await result(), { digest: sha256(THEIRS), byAnother: true });
    assert.deepEqual(proved, [sha256(THEIRS)]);
  });

  for (const [whose, content] of [
    ["its own", OURS],
    ["another's", THEIRS],
  ] as const) {
    it(`does not read back ${whose} tag where tags are immutable`, async () => {
      const byAnother = content === THEIRS;
      const { registry, proved, result } = await registryWith({ tag: () => held(content), immutable: true });
      assert.deepEqual(await result(), { digest: sha256(content), byAnother });
      assert.equal(registry.requests.filter((request) => request === "HEAD /v2/a/manifests/88d38d9").length, 1);
      assert.deepEqual([writes(registry.seen), proved], [[], byAnother ? [sha256(THEIRS)] : []]);
    });
  }

  it("reads back the tag that it has set itself, immutable or not", async () => {
    const { registry, result } = await registryWith({ immutable: true });
    assert.deepEqual(await result(), { digest: sha256(OURS), byAnother: false });
    assert.deepEqual(writes(registry.seen), [["/v2/a/manifests/88d38d9", OURS]]);
    assert.equal(registry.requests.at(-1), "HEAD /v2/a/manifests/88d38d9");
  });

  it("uses what another has written a moment later", async () => {
    let looks = 0;
    // By HEAD and by GET: absent.
    const { proved, result } = await registryWith({ tag: () => (++looks > 2 ? held(THEIRS) : ABSENT) });
    assert.deepEqual(await result(), { digest: sha256(THEIRS), byAnother: true });
    assert.deepEqual(proved, [sha256(THEIRS)]);
  });

  for (const status of [400, 403, 405, 409, 412, 422]) {
    const refusal = { status, body: { errors: [{ code: "DENIED", message: "no" }] } };

    it(`that is refused by ${status}, because another was first: uses theirs`, async () => {
      let put = false;
      const { result } = await registryWith({
        tag: () => (put ? held(THEIRS) : ABSENT),
        put: () => {
          put = true;
          return refusal;
        },
      });
      assert.deepEqual(await result(), { digest: sha256(THEIRS), byAnother: true });
    });

    it(`that is refused by ${status}, with the tag still absent: TagRefused, with the words`, async () => {
      const { result } = await registryWith({ tag: () => ABSENT, put: () => refusal });
      assert.match(await errorOf("TagRefused", result), new RegExp(`\\(status ${status}: DENIED: no\\)`));
    });
  }

  it("is ContentLost where the content is gone before, and where the tag is gone after", async () => {
    const before = await registryWith({ content: ABSENT });
    assert.match(await errorOf("ContentLost", before.result), /does not have it \(any more\)/);
    assert.deepEqual(writes(before.registry.seen), []);
    const after = await registryWith({ tag: () => ABSENT });
    assert.match(
      await errorOf("ContentLost", after.result),
      /a moment later the registry did not have the tag any more/,
    );
  });

  it("throws what proves that the tag serves something else", async () => {
    const { registry } = await registryWith({ tag: () => held(THEIRS) });
    await errorOf("TagTaken", () =>
      tagContent({
        registry: client(),
        repository: `${registry.host}/a`,
        tag: "88d38d9",
        digest: sha256(OURS),
        momentMs: 1,
        prove: async () => {
          throw new VersionedImageError("TagTaken", "not this version");
        },
      }),
    );
  });

  it("is logged in for pushing before it looks, so that nothing but the tag itself comes after", async () => {
    let written = false;
    const registry = await start(({ method, url, authorization }, host) => {
      if (url.startsWith("/token")) {
        return { status: 200, body: { token: url.includes("push") ? "push" : "pull" } };
      }
      if (authorization === undefined || (method === "PUT" && authorization !== "Bearer push")) {
        return challenge(host);
      }
      written ||= method === "PUT";
      return url.endsWith("/88d38d9") && !written ? ABSENT : method === "PUT" ? { status: 201 } : held(OURS);
    });
    await tagContent({
      registry: client({ auth: AUTH }),
      repository: `${registry.host}/a`,
      tag: "88d38d9",
      digest: sha256(OURS),
      momentMs: 1,
      prove: async () => {},
    });
    const put = registry.seen.findIndex(({ method }) => method === "PUT");
    assert.deepEqual(
      registry.seen.slice(put - 1, put + 1).map(({ method, url, authorization }) => [method, url, authorization]),
      [
        ["GET", "/v2/a/manifests/88d38d9", "Bearer pull"],
        ["PUT", "/v2/a/manifests/88d38d9", "Bearer push"],
      ],
    );
  });

  it("looks again where the answer came late", async () => {
    let looks = 0;
    const slow = {
      resolve: async () => {
        looks++;
        if (looks === 1) {
          await sleep(600);
          return undefined;
        }
        return { digest: sha256(THEIRS), mediaType: MANIFEST };
      },
      manifest: async () => ({ digest: sha256(OURS), mediaType: MANIFEST, bytes: Buffer.from(OURS) }),
      tag: async () => assert.fail("the tag was there by then"),
    };
    const served = await tagContent({
      registry: slow as never,
      repository: "h/a",
      tag: "88d38d9",
      digest: sha256(OURS),
      momentMs: 1,
      prove: async () => {},
    });
    assert.deepEqual([served, looks], [{ digest: sha256(THEIRS), byAnother: true }, 3]);
  });
});
