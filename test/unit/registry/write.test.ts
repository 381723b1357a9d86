import * as assert from "node:assert/strict";
import { errorOf } from "../../support/assertError";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { AUTH, challenge, client, MANIFEST, sha256 } from "./setup";

const CONTENT = '{ "a": [1,\t2] }\n';
const HELD = { digest: sha256(CONTENT), mediaType: MANIFEST, bytes: Buffer.from(CONTENT) };
const IMMUTABLE = { errors: [{ code: "TAG_INVALID", message: "The image tag 1 is immutable" }] };

describe("what is written to a registry", () => {
  const start = fakeRegistries();

  describe("a manifest that is read to be written again", () => {
    it("comes with its own bytes", async () => {
      const headers = { "content-type": MANIFEST, "docker-content-digest": HELD.digest };
      const registry = await start(() => ({ status: 200, headers, body: CONTENT }));
      for (const reference of ["t", HELD.digest]) {
        assert.deepEqual(await client().manifest(`${registry.host}/a`, reference), HELD);
      }
      assert.deepEqual(registry.requests, ["GET /v2/a/manifests/t", `GET /v2/a/manifests/${HELD.digest}`]);
    });

    it("must be what its digest says", async () => {
      const registry = await start(() => ({ status: 200, headers: { "content-type": MANIFEST }, body: CONTENT }));
      const message = await errorOf("RegistryProtocol", () => client().manifest(`${registry.host}/a`, sha256("x")));
      assert.ok(message.includes(`${HELD.digest} under the digest ${sha256("x")}`), message);
    });
  });

  describe("a tag", () => {
    it("is put with the manifest's own bytes", async () => {
      const registry = await start(() => ({ status: 201, headers: { "docker-content-digest": HELD.digest } }));
      assert.equal(await client().tag(`${registry.host}/a/b`, "88d38d9", HELD), "tagged");
      assert.deepEqual(
        registry.seen.map(({ method, url, body }) => [method, url, body]),
        [["PUT", "/v2/a/b/manifests/88d38d9", CONTENT]],
      );
      assert.deepEqual(registry.contentTypes, [MANIFEST]);
    });

    for (const status of [400, 403, 404, 405, 409, 412, 422]) {
      it(`that is refused by ${status} is a value with the registry's words`, async () => {
        const registry = await start(() => ({ status, body: IMMUTABLE }));
        assert.deepEqual(await client().tag(`${registry.host}/a`, "t", HELD), {
          refused: { status, words: "TAG_INVALID: The image tag 1 is immutable" },
        });
        assert.deepEqual(
          registry.requests.filter((request) => request !== "GET /v2/"),
          ["PUT /v2/a/manifests/t"],
        );
      });
    }

    it("under which the registry then names another digest: RegistryProtocol", async () => {
      const registry = await start(() => ({ status: 201, headers: { "docker-content-digest": sha256("other") } }));
      const message = await errorOf("RegistryProtocol", () => client().tag(`${registry.host}/a`, "t", HELD));
      assert.ok(message.includes(`"${sha256("other")}" is not ${HELD.digest}`), message);
    });

    it("is put again while the registry can't, and 3 times at most", async () => {
      const replies: Reply[] = [{ status: 503 }, "close", { status: 201 }];
      const registry = await start(() => replies.shift() ?? { status: 500 });
      assert.equal(await client().tag(`${registry.host}/a`, "t", HELD), "tagged");
      const message = await errorOf("RegistryUnavailable", () => client().tag(`${registry.host}/a`, "t", HELD));
      assert.match(message, /answered 500: .* \(tried 3 times\)/);
      assert.deepEqual(
        registry.seen.map(({ body }) => body),
        Array(6).fill(CONTENT),
      );
    });

    it("goes along no redirect to another host", async () => {
      const other = await start(() => ({ status: 201 }));
      const registry = await start(() => ({ status: 307, headers: { location: `http://${other.host}/x` } }));
      await errorOf("RegistryProtocol", () => client().tag(`${registry.host}/a`, "t", HELD));
      assert.deepEqual(other.seen, []);
    });

    it("must be one", async () => {
      for (const tag of ["", "../b", "a/b", HELD.digest]) {
        await errorOf("InvalidArgument", () => client().tag("127.0.0.1:1/a", tag, HELD));
        if (tag !== HELD.digest) {
          await errorOf("InvalidArgument", () => client().delete("127.0.0.1:1/a", tag));
        }
      }
    });
  });

  describe("a login", () => {
    const scopes = (requests: string[]) =>
      requests.flatMap((request) => new URL(request.split(" ")[1] ?? "", "http://h").searchParams.get("scope") ?? []);

    it("is one for each of reading, writing and deleting", async () => {
      const registry = await start(({ method, url, authorization }, host) => {
        const asked = new URL(url, `http://${host}`);
        if (asked.pathname === "/token") {
          return { status: 200, body: { token: asked.searchParams.get("scope")?.replaceAll(/[^a-z]/g, ".") } };
        }
        const needed = { GET: "pull", PUT: "push", DELETE: "delete" }[method] ?? "";
        return authorization?.endsWith(`.${needed}`)
          ? { status: { PUT: 201, DELETE: 202 }[method] ?? 200, headers: { "content-type": MANIFEST }, body: CONTENT }
          : challenge(host);
      });
      const one = client({ auth: AUTH });
      for (const _ of [1, 2]) {
        assert.deepEqual(await one.manifest(`${registry.host}/a`, "t"), HELD);
        assert.equal(await one.tag(`${registry.host}/a`, "t", HELD), "tagged");
        assert.equal(await one.delete(`${registry.host}/a`, "t"), "deleted");
      }
      assert.deepEqual(scopes(registry.requests), [
        "repository:a:pull",
        "repository:a:pull,push",
        "repository:a:pull,push,delete",
      ]);
    });

    it("that may only read is RegistryUnauthorized for writing, and goes on reading", async () => {
      const registry = await start(({ url, authorization }, host) => {
        const { pathname, searchParams } = new URL(url, `http://${host}`);
        if (pathname === "/token") {
          return searchParams.get("scope") === "repository:a:pull"
            ? { status: 200, body: { token: "T" } }
            : { status: 403, body: { errors: [{ code: "DENIED", message: "read only" }] } };
        }
        return authorization ? { status: 200, headers: { "content-type": MANIFEST }, body: CONTENT } : challenge(host);
      });
      const one = client({ auth: AUTH });
      assert.deepEqual(await one.manifest(`${registry.host}/a`, "t"), HELD);
      assert.match(
        await errorOf("RegistryUnauthorized", () => one.tag(`${registry.host}/a`, "t", HELD)),
        /refused access \(403\): DENIED: read only/,
      );
      assert.deepEqual(await one.manifest(`${registry.host}/a`, "t"), HELD);
    });
  });

  describe("deleting", () => {
    for (const [status, body, deletion] of [
      [202, "", "deleted"],
      [404, { errors: [{ code: "MANIFEST_UNKNOWN" }] }, "missing"],
      [405, { errors: [{ code: "UNSUPPORTED" }] }, "unsupported"],
      [400, { errors: [{ code: "UNSUPPORTED" }] }, "unsupported"],
      [
        400,
        { errors: [{ code: "DIGEST_INVALID", message: "no" }] },
        { refused: { status: 400, words: "DIGEST_INVALID: no" } },
      ],
      [403, "no", { refused: { status: 403, words: "no" } }],
    ] as const) {
      it(`answered by ${status} ${JSON.stringify(body)} is ${JSON.stringify(deletion)}`, async () => {
        const registry = await start(() => ({ status, body }));
        assert.deepEqual(await client().delete(`${registry.host}/a`, HELD.digest), deletion);
        assert.deepEqual(
          registry.requests.filter((request) => request !== "GET /v2/"),
          [`DELETE /v2/a/manifests/${HELD.digest}`],
        );
      });
    }
  });
});
