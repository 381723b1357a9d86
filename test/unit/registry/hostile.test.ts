import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { VersionedImageError } from "../../../components/errors";
import { parseChallenges } from "../../../components/registry/authorization";
import { wordsIn } from "../../../components/registry/errorMessage";
import { redirectTarget } from "../../../components/registry/redirect";
import { errorOf } from "../../support/assertError";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { LONG } from "../../support/long";
import { AUTH, client, INDEX, MANIFEST, sha256 } from "./setup";

/** What no registry should answer, and some server may. */
describe("a hostile registry", () => {
  const start = fakeRegistries();

  it("whose answer unpacks to more than may come: refused", async () => {
    const body = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    assert.ok(body.length < 100_000);
    const registry = await start(() => ({ status: 200, headers: { "content-encoding": "gzip" }, body }));
    const message = await errorOf("RegistryProtocol", () => client().tags(`${registry.host}/a`));
    assert.match(message, /its answer is longer than 8388608 bytes/);
  });

  it("whose answer can't be unpacked: not taken for absent", async () => {
    const registry = await start(() => ({ status: 200, headers: { "content-encoding": "gzip" }, body: "no" }));
    const message = await errorOf("RegistryUnavailable", () => client().resolve(`${registry.host}/a`, sha256("x")));
    assert.match(message, /did not answer: incorrect header check \(tried 3 times\)/);
  });

  it("that ends an answer early: not taken for all of it", async () => {
    const headers = { "content-type": MANIFEST, "content-length": "1000" };
    const registry = await start(() => ({ status: 200, headers, body: "{}" }));
    const message = await errorOf("RegistryUnavailable", () =>
      client({ timeoutMs: 200 }).inspect(`${registry.host}/a`, sha256("{}"), "linux/amd64"),
    );
    assert.match(message, /did not answer: nothing within 0\.2 seconds/);
  });

  it("whatever it answers: an answer, or an error of ours", async () => {
    let reply: Reply = "close";
    const registry = await start(({ url }) => (url === "/v2/" ? { status: 200 } : reply));
    const one = client({ auth: AUTH, timeoutMs: 2_000 });
    const printable = fc.string({ unit: fc.constantFrom(...' "\\,;:=<>/?#[]@%{}aZ09-_.~\u0080\u009b\u00ff\t') });
    const text = fc.oneof(printable, fc.constantFrom(MANIFEST, INDEX, sha256("{}"), "0", "gzip", "/v2/a/tags/list"));
    const headers = fc.record(
      {
        "content-type": text,
        "docker-content-digest": text,
        link: fc.oneof(
          text,
          printable.map((target) => `<${target}>; rel=next`),
        ),
        location: text,
        "retry-after": text,
        "www-authenticate": fc.oneof(
          text,
          fc.tuple(printable, printable).map(([realm, rest]) => `Bearer realm="${realm}",${rest}`),
        ),
      },
      { requiredKeys: [] },
    );
    const odd = fc.anything({ maxDepth: 2, withNullPrototype: false });
    const body = fc.oneof(
      fc.string(),
      fc
        .record({ tags: odd, manifests: odd, config: odd, errors: odd, token: odd }, { requiredKeys: [] })
        .map((value) => JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? Number(inner) : inner))),
    );
    const status = fc.constantFrom(200, 201, 204, 206, 300, 302, 304, 307, 400, 401, 403, 404, 418, 451);
    await fc.assert(
      fc.asyncProperty(status, headers, body, async (code, fields, content) => {
        reply = { status: code, headers: fields, body: content };
        for (const ask of [
          () => one.resolve(`${registry.host}/a`, "t"),
          () => one.inspect(`${registry.host}/a`, sha256("{}"), "linux/amd64"),
          () => one.tags(`${registry.host}/a`),
        ]) {
          await ask().catch((error) => assert.ok(error instanceof VersionedImageError, String(error?.stack)));
        }
      }),
      { numRuns: LONG ? 150 : 50 },
    );
  });
});

describe("what is read of a registry's answer", () => {
  it("is a list of challenges, whatever the header", () => {
    const header = fc.oneof(fc.string(), fc.stringMatching(/^[ ,="\\a-z]{0,60}$/));
    fc.assert(
      fc.property(header, (any) => {
        for (const { scheme, parameters } of parseChallenges(any)) {
          assert.ok(scheme === "basic" || scheme === "bearer");
          assert.ok(Object.values(parameters).every((value) => typeof value === "string"));
        }
      }),
    );
  });

  it("is an address that may be gone to, or an error of ours, whatever the location", () => {
    const location = fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[a-z]{0,5}:?\/{0,3}[a-z0-9.@:[\]]{0,20}$/));
    fc.assert(
      fc.property(location, (any) => {
        try {
          const { protocol, username, password } = redirectTarget(new URL("https://h.example/v2/"), any, {});
          assert.deepEqual([protocol, username, password], ["https:", "", ""]);
        } catch (error) {
          assert.ok(error instanceof VersionedImageError, String(error));
          assert.equal(error.code, "RegistryProtocol");
        }
      }),
    );
  });

  it("are words of one line and bounded length, whatever the body", () => {
    const body = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.string().map((text) => `<${text}`),
    );
    fc.assert(
      fc.property(body, (any) => {
        const words = wordsIn(500, any, []);
        assert.ok(words.length > 0 && words.length <= 500 && !/[\p{Cc}]/u.test(words), JSON.stringify(words));
      }),
    );
  });
});
