import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { VersionedImageError } from "../../../components/errors";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { LONG } from "../../support/long";
import { client, INDEX, MANIFEST, sha256 } from "./setup";

describe("what a registry holds", () => {
  const start = fakeRegistries();

  describe("under a tag", () => {
    for (const mediaType of [
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.distribution.manifest.v2+json",
    ]) {
      it(`is asked for by one HEAD: ${mediaType}`, async () => {
        const headers = { "docker-content-digest": sha256("x"), "content-type": `${mediaType}; charset=utf-8` };
        const registry = await start(() => ({ status: 200, headers }));
        const found = await client().resolve(`${registry.host}/a/b`, "88d38d9");
        assert.deepEqual(found, { digest: sha256("x"), mediaType });
        assert.deepEqual(registry.requests, ["HEAD /v2/a/b/manifests/88d38d9"]);
      });
    }

    it("is fetched where the registry does not state the digest", async () => {
      const registry = await start(() => ({ status: 200, headers: { "content-type": MANIFEST }, body: "{}" }));
      const found = await client().resolve(`${registry.host}/a`, "t");
      assert.deepEqual(found, { digest: sha256("{}"), mediaType: MANIFEST });
      assert.deepEqual(registry.requests, ["HEAD /v2/a/manifests/t", "GET /v2/a/manifests/t"]);
    });

    it("is not believed where the stated digest is another than that of the content", async () => {
      const stated = { "content-type": MANIFEST, "docker-content-digest": sha256("other") };
      const registry = await start(({ method }) => ({
        status: 200,
        headers: method === "HEAD" ? { "content-type": MANIFEST } : stated,
        body: "{}",
      }));
      const message = await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, "t"));
      assert.ok(message.includes(`its Docker-Content-Digest "${sha256("other")}" is not ${sha256("{}")}`), message);
    });

    it("is not believed where the stated digest is another than was asked for, or none", async () => {
      for (const [stated, words] of [
        [sha256("other"), `is not ${sha256("x")}`],
        ["sha256:12", "is not a sha256 or sha512 digest"],
        [`sha384:${"0".repeat(96)}`, "is not a sha256 or sha512 digest"],
      ] as const) {
        const headers = { "content-type": MANIFEST, "docker-content-digest": stated };
        const registry = await start(() => ({ status: 200, headers }));
        const message = await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, sha256("x")));
        assert.ok(message.includes(`its Docker-Content-Digest "${stated}" ${words}`), message);
      }
    });

    it("must be of a known type", async () => {
      const headers = { "docker-content-digest": sha256("x"), "content-type": "application/json" };
      const registry = await start(() => ({ status: 200, headers }));
      const message = await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, "t"));
      assert.match(message, /a manifest of the type application\/json/);
    });

    it("may be of a type that holds no image: it is there", async () => {
      for (const mediaType of [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.artifact.manifest.v1+json",
      ]) {
        const headers = { "docker-content-digest": sha256("{}"), "content-type": mediaType };
        const registry = await start(({ url }) =>
          url.includes("/manifests/") ? { status: 200, headers, body: "{}" } : ABSENT,
        );
        const found = { digest: sha256("{}"), mediaType };
        assert.deepEqual(await client().resolve(`${registry.host}/a`, "t"), found);
        assert.deepEqual(registry.requests, ["HEAD /v2/a/manifests/t"]);
        assert.deepEqual(await client().manifest(`${registry.host}/a`, "t"), { ...found, bytes: Buffer.from("{}") });
        const message = await errorOf("NotAnImage", () =>
          client().inspect(`${registry.host}/a`, found.digest, "linux/amd64"),
        );
        assert.ok(
          message.includes(
            `a@${found.digest} in the registry ${registry.host} has the type ${mediaType}, which is not supported for images`,
          ),
          message,
        );
      }
    });

    it("may be signed as in schema 1, which the digest does not cover", async () => {
      const [mediaType, body] = ["application/vnd.docker.distribution.manifest.v1+prettyjws", '{"signatures":[]}'];
      const headers = { "content-type": mediaType, "docker-content-digest": sha256("what is signed") };
      const registry = await start(() => ({ status: 200, headers, body }));
      for (const reference of ["t", sha256("what is signed")]) {
        const found = { digest: sha256("what is signed"), mediaType, bytes: Buffer.from(body) };
        assert.deepEqual(await client().manifest(`${registry.host}/a`, reference), found);
      }
    });
  });

  describe("by sha512", () => {
    const sha512 = (text: string) => `sha512:${createHash("sha512").update(text).digest("hex")}`;
    const BODY = "{}";
    const found = { digest: sha512(BODY), mediaType: MANIFEST };

    for (const stated of [sha512(BODY), sha256(BODY), undefined]) {
      it(`is checked, where the registry states ${stated?.slice(0, 6) ?? "nothing"}`, async () => {
        const headers = { "content-type": MANIFEST, ...(stated && { "docker-content-digest": stated }) };
        const registry = await start(() => ({ status: 200, headers, body: BODY }));
        assert.deepEqual(await client().resolve(`${registry.host}/a`, sha512(BODY)), found);
        assert.deepEqual(await client().manifest(`${registry.host}/a`, sha512(BODY)), {
          ...found,
          bytes: Buffer.from(BODY),
        });
        await errorOf("RegistryProtocol", () => client().manifest(`${registry.host}/a`, sha512("other")));
        await errorOf("RegistryProtocol", () => client().blob(`${registry.host}/a`, sha512("other")));
        assert.deepEqual(await client().blob(`${registry.host}/a`, sha512(BODY)), Buffer.from(BODY));
      });
    }

    it("is what a tag holds where the registry says so, and it is checked", async () => {
      let body = BODY;
      const headers = { "content-type": MANIFEST, "docker-content-digest": sha512(BODY) };
      const registry = await start(() => ({ status: 200, headers, body }));
      assert.deepEqual(await client().resolve(`${registry.host}/a`, "t"), found);
      assert.equal((await client().manifest(`${registry.host}/a`, "t"))?.digest, sha512(BODY));
      body = "[]";
      const message = await errorOf("RegistryProtocol", () => client().manifest(`${registry.host}/a`, "t"));
      assert.ok(message.includes(`its Docker-Content-Digest "${sha512(BODY)}" is not ${sha512("[]")}`), message);
    });

    it("leads to an image whose configuration is named by it, too", async () => {
      const config = '{"os":"linux","architecture":"arm64"}';
      const manifest = JSON.stringify({ config: { digest: sha512(config) } });
      const registry = await start(({ url }) => ({
        status: 200,
        headers: { "content-type": MANIFEST },
        body: url.includes("/blobs/") ? config : manifest,
      }));
      assert.equal((await client().inspect(`${registry.host}/a`, sha512(manifest), "")).platform, "linux/arm64");
    });
  });

  describe("as an image", () => {
    const config = JSON.stringify({
      os: "linux",
      architecture: "amd64",
      created: "2024-01-01T00:00:00Z",
      config: { Labels: { a: "b", "org.opencontainers.image.revision": "c", odd: 7 } },
      rootfs: { type: "layers", diff_ids: ["sha256:1", "sha256:2"] },
    });
    const manifest = JSON.stringify({ config: { digest: sha256(config) } });
    const EXPECTED = {
      labels: { a: "b", "org.opencontainers.image.revision": "c" },
      created: "2024-01-01T00:00:00Z",
      platform: "linux/amd64",
      layers: ["sha256:1", "sha256:2"],
    };

    /** A registry that holds these contents under their digests, and nothing else. */
    function holding(contents: Record<string, string>, more: Record<string, Reply> = {}) {
      const store: Record<string, Reply> = { ...more };
      for (const [content, type] of Object.entries(contents)) {
        const kind = type === "" ? "blobs" : "manifests";
        store[`/v2/a/${kind}/${sha256(content)}`] = { status: 200, headers: { "content-type": type }, body: content };
      }
      return start(({ url }) => store[url] ?? ABSENT);
    }

    function indexOf(...platforms: (object | undefined)[]): string {
      const other = { digest: sha256("other") };
      return JSON.stringify({
        manifests: platforms.map((platform) =>
          JSON.stringify(platform)?.includes("wanted")
            ? { digest: sha256(manifest), platform: JSON.parse(JSON.stringify(platform).replace("wanted-", "")) }
            : { ...other, platform },
        ),
      });
    }

    it("says its labels, time and platform", async () => {
      const registry = await holding({ [manifest]: MANIFEST, [config]: "" });
      assert.deepEqual(await client().inspect(`${registry.host}/a`, sha256(manifest), "linux/amd64"), EXPECTED);
    });

    it("may have no labels and no time", async () => {
      for (const bare of ["{}", '{"config":null}', '{"config":{"Labels":null},"created":5}']) {
        const of = JSON.stringify({ config: { digest: sha256(bare) } });
        const registry = await holding({ [of]: MANIFEST, [bare]: "" });
        const found = await client().inspect(`${registry.host}/a`, sha256(of), "linux/amd64");
        assert.deepEqual(found, { labels: {}, created: undefined, platform: "", layers: [] });
      }
    });

    const arm = { os: "linux", architecture: "arm64" };
    const unknown = { os: "unknown", architecture: "unknown" };
    for (const [what, index, platform] of [
      ["exactly", indexOf(arm, { os: "wanted-linux", architecture: "amd64" }), "linux/amd64"],
      ["beside an attestation", indexOf(unknown, { os: "wanted-linux", architecture: "amd64" }), "linux/amd64"],
      ["with a variant", indexOf(arm, { os: "wanted-linux", architecture: "arm", variant: "v7" }), "linux/arm"],
      ["without the variant", indexOf(arm, { os: "wanted-linux", architecture: "arm" }), "linux/arm/v7"],
      [
        "exactly before with a variant",
        indexOf({ ...arm, variant: "v8" }, { os: "wanted-linux", architecture: "arm64" }),
        "linux/arm64",
      ],
    ] as const) {
      it(`is found in an index: ${what}`, async () => {
        const registry = await holding({ [index]: INDEX, [manifest]: MANIFEST, [config]: "" });
        assert.deepEqual(await client().inspect(`${registry.host}/a`, sha256(index), platform), EXPECTED);
      });
    }

    it("is found in an index of one that says no platform", async () => {
      const index = JSON.stringify({ manifests: [{ digest: sha256(manifest) }] });
      const registry = await holding({ [index]: INDEX, [manifest]: MANIFEST, [config]: "" });
      assert.deepEqual(await client().inspect(`${registry.host}/a`, sha256(index), "linux/amd64"), EXPECTED);
    });

    it("must be in the index for the platform", async () => {
      for (const [index, has] of [
        [
          indexOf(arm, { os: "windows", architecture: "amd64" }),
          "of images for linux/arm64, windows/amd64, but not for",
        ],
        [indexOf(arm), "of images for linux/arm64, but not for linux/amd64"],
        [indexOf(undefined, undefined), "of images for an unnamed platform, an unnamed platform, but not for"],
        [indexOf(unknown), "with nothing to run: it holds something for an unknown platform, but no image"],
        [indexOf(), "with nothing to run: it holds nothing, but no image"],
      ] as const) {
        const registry = await holding({ [index]: INDEX });
        const message = await errorOf("PlatformNotFound", () =>
          client().inspect(`${registry.host}/a`, sha256(index), "linux/amd64"),
        );
        assert.ok(message.includes(`is an index ${has}`), message);
      }
    });

    it("must be what its digests say", async () => {
      const wrong = { status: 200, headers: { "content-type": MANIFEST }, body: manifest };
      const registry = await holding(
        { [manifest]: MANIFEST },
        { [`/v2/a/manifests/${sha256("x")}`]: wrong, [`/v2/a/blobs/${sha256(config)}`]: { status: 200, body: "{}" } },
      );
      const inspect = (digest: string) => client().inspect(`${registry.host}/a`, digest, "linux/amd64");
      for (const [digest, words] of [
        [sha256("x"), `${sha256(manifest)} under the digest ${sha256("x")}`],
        [sha256(manifest), `${sha256("{}")} under the digest ${sha256(config)}`],
        [sha256("absent"), `nothing under the digest ${sha256("absent")}`],
      ] as const) {
        const message = await errorOf("RegistryProtocol", () => inspect(digest));
        assert.ok(message.includes(words), message);
      }
    });

    it("must be what the registry states as well", async () => {
      const headers = { "content-type": MANIFEST, "docker-content-digest": sha256("other") };
      const registry = await start(() => ({ status: 200, headers, body: manifest }));
      const message = await errorOf("RegistryProtocol", () =>
        client().inspect(`${registry.host}/a`, sha256(manifest), "linux/amd64"),
      );
      assert.ok(message.includes(`"${sha256("other")}" is not ${sha256(manifest)}`), message);
    });

    it("leads nowhere by a digest that is none", async () => {
      const hostile = JSON.stringify({ config: { digest: "../../../elsewhere" } });
      const registry = await holding({ [hostile]: MANIFEST });
      await errorOf("RegistryProtocol", () => client().inspect(`${registry.host}/a`, sha256(hostile), "linux/amd64"));
      assert.deepEqual(registry.requests, [`GET /v2/a/manifests/${sha256(hostile)}`]);
    });

    it("is read or refused by an error of ours, whatever it holds", async () => {
      let content = "";
      let type = "";
      const registry = await start(() => ({ status: 200, headers: { "content-type": type }, body: content }));
      const one = client();
      const entry = fc.record({ digest: fc.anything(), platform: fc.anything() }, { requiredKeys: [] });
      const body = fc.oneof(
        fc.json(),
        fc.string(),
        fc.record({ manifests: fc.array(fc.option(entry)) }).map((value) => JSON.stringify(value)),
      );
      await fc.assert(
        fc.asyncProperty(body, fc.constantFrom(INDEX, MANIFEST), async (any, mediaType) => {
          [content, type] = [any, mediaType];
          const error = await one.inspect(`${registry.host}/a`, sha256(any), "linux/amd64").catch((thrown) => thrown);
          assert.ok(error instanceof VersionedImageError, String(error));
        }),
        { numRuns: LONG ? 60 : 20 },
      );
    });
  });

  describe("as tags", () => {
    it("is read page by page", async () => {
      const registry = await start(({ url }) =>
        url.includes("last=b")
          ? { status: 200, body: { tags: ["c"] } }
          : {
              status: 200,
              headers: { link: '</v2/a/tags/list?n=2&last=b>; title=x; rel="next"' },
              body: { tags: ["a", "b"] },
            },
      );
      assert.deepEqual(await client().tags(`${registry.host}/a`), ["a", "b", "c"]);
      assert.deepEqual(registry.requests, ["GET /v2/a/tags/list?n=1000", "GET /v2/a/tags/list?n=2&last=b"]);
    });

    it("is empty where there is no repository, or no tag any more", async () => {
      const absent = await start(() => ABSENT);
      assert.deepEqual(await client().tags(`${absent.host}/a`), []);
      const empty = await start(() => ({ status: 200, body: { name: "a", tags: null } }));
      assert.deepEqual(await client().tags(`${empty.host}/a`), []);
    });

    for (const link of ["/v2/b/tags/list", "https://evil.example/v2/a/tags/list", "https://[", "../../../v2/"]) {
      it(`does not go on to ${link}`, async () => {
        const registry = await start(() => ({
          status: 200,
          headers: { link: `<${link}>; rel="next"` },
          body: { tags: ["a"] },
        }));
        const message = await errorOf("RegistryProtocol", () => client().tags(`${registry.host}/a`));
        assert.ok(message.includes(`its next page of tags has the invalid address ${link}`), message);
        assert.equal(registry.seen.length, 1);
      });
    }

    it("is not cut short by a page that is missing", async () => {
      const registry = await start(({ url }) =>
        url.includes("last=")
          ? ABSENT
          : { status: 200, headers: { link: "</v2/a/tags/list?last=a>; rel=next" }, body: { tags: ["a"] } },
      );
      assert.match(
        await errorOf("RegistryProtocol", () => client().tags(`${registry.host}/a`)),
        /it has no list of tags/,
      );
    });

    it("does not go on without end", async () => {
      const registry = await start(() => ({
        status: 200,
        headers: { link: "</v2/a/tags/list?last=a>; rel=next" },
        body: { tags: ["a"] },
      }));
      const message = await errorOf("RegistryProtocol", () => client().tags(`${registry.host}/a`));
      assert.match(message, /its list of tags does not end \(1000 pages\)/);
      assert.equal(registry.seen.length, 1000);
    });

    it("is read whole where the registry gives all at once", async () => {
      const tags = Array.from({ length: 200_000 }, (_, number) => `t${number}`);
      const registry = await start(() => ({ status: 200, body: { tags } }));
      assert.deepEqual(await client().tags(`${registry.host}/a`), tags);
    });

    // Quickly: tried in each way to part it, such a header would take longer than the world has been there.
    it("ends where a header says no next page, however it is written", async () => {
      const link = `<a>${"; ".repeat(4_000)}x`;
      const registry = await start(() => ({ status: 200, headers: { link }, body: { tags: ["a"] } }));
      assert.deepEqual(await client().tags(`${registry.host}/a`), ["a"]);
    });

    it("holds nothing that is no tag, and leads nowhere by it: that is named beside the tags", async () => {
      const notTags = ["", "../../b/manifests/x", "a/b", "a?b", "x".repeat(129), "a\u001b[31m"];
      const registry = await start(() => ({ status: 200, body: { tags: ["a", ...notTags, "b"] } }));
      assert.deepEqual(await client().listTags(`${registry.host}/a`), { tags: ["a", "b"], notTags });
      assert.deepEqual(await client().tags(`${registry.host}/a`), ["a", "b"]);
    });

    for (const [body, tags] of [
      ["{}", []],
      ['{"name":"a"}', []],
      ['{"tags":null}', []],
      ['{"tags":[]}', []],
      ['{"tags":[null]}', []],
      ['{"tags":["a",null,1,true,["x"],{"name":"y"},"b"]}', ["a", "b"]],
    ] as const) {
      it(`is ${JSON.stringify(tags)} in ${body}`, async () => {
        const registry = await start(() => ({ status: 200, body }));
        assert.deepEqual(await client().listTags(`${registry.host}/a`), { tags, notTags: [] });
      });
    }

    for (const body of ["[]", "null", '"a"', '{"tags":"abc"}', '{"tags":{"a":1}}', '{"errors":[]}', "not json", ""]) {
      it(`is not ${JSON.stringify(body)}`, async () => {
        const registry = await start(() => ({ status: 200, body }));
        const message = await errorOf("RegistryProtocol", () => client().tags(`${registry.host}/a`));
        assert.match(message, /it has no list of tags|it is not a JSON object/);
      });
    }
  });
});
