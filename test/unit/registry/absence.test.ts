import * as assert from "node:assert/strict";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply, type Seen } from "../../support/fakeRegistry";
import { AUTH, BASIC, client, MANIFEST, sha256 } from "./setup";

const BODY = "{}";
const FOUND = { digest: sha256(BODY), mediaType: MANIFEST };
const THERE: Reply = {
  status: 200,
  headers: { "content-type": MANIFEST, "docker-content-digest": FOUND.digest },
  body: BODY,
};
const HEAD = "HEAD /v2/a/manifests/t";
const GET = "GET /v2/a/manifests/t";
const HELLO = "GET /v2/";
const TOKEN = "GET /token";

/** As registries behave where an absence can also mean that nobody has logged in. */
describe("what is not there without a login", () => {
  const start = fakeRegistries();
  const short = (requests: string[]) => requests.map((request) => request.replace(/\?.*/, ""));

  const CHALLENGES: [string, (host: string) => Reply, boolean][] = [
    ["Basic", () => ({ status: 401, headers: { "www-authenticate": "Basic" } }), false],
    [
      "Bearer",
      (host) => ({ status: 401, headers: { "www-authenticate": `Bearer realm="http://${host}/token"` } }),
      true,
    ],
  ];
  const DENIALS: [string, Reply][] = [
    ["404", ABSENT],
    ["404 of a web server", { status: 404, body: "<html>" }],
    ["404 that denies access", { status: 404, body: { errors: [{ code: "DENIED" }] } }],
    ["403", { status: 403, body: { errors: [{ code: "DENIED" }] } }],
    ["401 without a challenge", { status: 401 }],
  ];

  for (const [scheme, hello, hasTokens] of CHALLENGES) {
    /** A registry that says only at /v2/ how to log in. */
    const hiding = (denial: Reply, answer: (seen: Seen) => Reply) =>
      start((seen, host) => {
        if (seen.url.startsWith("/token")) {
          return { status: 200, body: { token: "T" } };
        }
        const isLoggedIn = seen.authorization === (hasTokens ? "Bearer T" : BASIC);
        return isLoggedIn ? answer(seen) : seen.url === "/v2/" ? hello(host) : denial;
      });
    const login = hasTokens ? [TOKEN] : [];

    for (const [what, denial] of DENIALS) {
      it(`is asked for with one: ${scheme} at /v2/, and ${what}`, async () => {
        const registry = await hiding(denial, () => THERE);
        assert.deepEqual(await client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"), FOUND);
        assert.deepEqual(short(registry.requests), [HEAD, HELLO, ...login, HEAD]);
      });

      it(`is absent once the login was tried: ${scheme} at /v2/, and ${what}`, async () => {
        const registry = await hiding(denial, () => ABSENT);
        const one = client({ auth: AUTH });
        assert.equal(await one.resolve(`${registry.host}/a`, "t"), undefined);
        assert.deepEqual(short(registry.requests), [HEAD, HELLO, ...login, HEAD, GET]);
        assert.equal(await one.resolve(`${registry.host}/a`, "t"), undefined);
        assert.deepEqual(short(registry.requests).slice(4 + login.length), [HEAD, GET]);
      });
    }

    it(`may be whatever is asked for: ${scheme}`, async () => {
      const registry = await hiding(ABSENT, ({ method, url }) => {
        const status = { PUT: 201, DELETE: 202 }[method] ?? 200;
        return url.includes("/tags/") ? { status, body: { tags: ["t"] } } : { ...(THERE as object), status };
      });
      const repository = `${registry.host}/a`;
      const one = client({ auth: AUTH });
      assert.deepEqual(await one.tags(repository), ["t"]);
      assert.deepEqual(await one.blob(repository, FOUND.digest), Buffer.from(BODY));
      const content = { ...FOUND, bytes: Buffer.from(BODY) };
      assert.deepEqual(await one.manifest(repository, "t"), content);
      assert.equal(await one.tag(repository, "t", content), "tagged");
      assert.equal(await one.delete(repository, "t"), "deleted");
      const turn = await one.inOneTurn(repository, (strict) => strict.look("t"));
      assert.deepEqual(turn, { kind: "there", digest: FOUND.digest });
      assert.equal(registry.requests.filter((request) => request === HELLO).length, 1);
    });

    it(`is asked for with one request an image, and one more for the host: ${scheme}`, async () => {
      const registry = await hiding(THERE, () => THERE);
      const one = client({ auth: AUTH });
      await Promise.all(["a", "b", "c"].map((name) => one.resolve(`${registry.host}/${name}`, "t")));
      assert.equal(registry.requests.length, 3);
      const absent = await hiding(ABSENT, () => THERE);
      await Promise.all(["a", "b", "c"].map((name) => one.resolve(`${absent.host}/${name}`, "t")));
      assert.equal(absent.requests.filter((request) => request === HELLO).length, 1);
      assert.equal(absent.requests.length, 1 + 3 * (2 + login.length));
    });

    it(`is as it seems to who has none: ${scheme}`, async () => {
      const registry = await hiding(ABSENT, () => THERE);
      assert.equal(await client().resolve(`${registry.host}/a`, "t"), undefined);
      assert.deepEqual(registry.requests, [HEAD, HELLO, GET]);
      const denying = await hiding({ status: 403, body: "no" }, () => THERE);
      const message = await errorOf("RegistryUnauthorized", () => client().resolve(`${denying.host}/a`, "t"));
      assert.match(message, /refused access \(403\): no. No credentials were sent/);
    });
  }

  it("is RegistryUnauthorized where the login is refused", async () => {
    const [basic, bearer] = CHALLENGES.map(([, hello]) => hello);
    const refusing = await start(({ authorization, url }, host) =>
      authorization ? { status: 401, body: "wrong" } : url === "/v2/" ? (basic?.(host) ?? "close") : ABSENT,
    );
    const resolve = (host: string) => () => client({ auth: AUTH }).resolve(`${host}/a`, "t");
    assert.match(await errorOf("RegistryUnauthorized", resolve(refusing.host)), /refused access \(401\): wrong/);
    for (const status of [400, 401, 403]) {
      const tokens = await start(({ url }, host) =>
        url.startsWith("/token")
          ? { status, body: { details: "wrong" } }
          : url === "/v2/"
            ? (bearer?.(host) ?? "close")
            : ABSENT,
      );
      const message = await errorOf("RegistryUnauthorized", resolve(tokens.host));
      assert.ok(message.includes(`refused access (${status}): wrong`), message);
      assert.ok(message.includes("Check that the credentials in registryAuth"), message);
    }
  });

  it("is absent where /v2/ wants no login", async () => {
    for (const hello of [{ status: 200 }, ABSENT, { status: 403 }, { status: 401 }] as Reply[]) {
      const registry = await start(({ url }) => (url === "/v2/" ? hello : ABSENT));
      assert.equal(await client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"), undefined);
      assert.deepEqual(registry.requests, [HEAD, HELLO, GET]);
    }
  });

  it("is not known where /v2/ does not answer", async () => {
    const registry = await start(({ url }) => (url === "/v2/" ? { status: 503 } : ABSENT));
    await errorOf("RegistryUnavailable", () => client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"));
  });

  it("sends no login to where /v2/ redirects, nor for what another host lacks", async () => {
    const other = await start(() => ({ status: 401, headers: { "www-authenticate": "Basic" } }));
    const registry = await start(({ url }) =>
      url === "/v2/" ? { status: 307, headers: { location: `http://${other.host}/v2/` } } : ABSENT,
    );
    assert.equal(await client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"), undefined);
    const elsewhere = await start(() => ABSENT);
    const redirecting = await start(() => ({ status: 307, headers: { location: `http://${elsewhere.host}/x` } }));
    await errorOf("RegistryProtocol", () => client({ auth: AUTH }).resolve(`${redirecting.host}/a`, "t"));
    const sent = [registry, other, redirecting, elsewhere].flatMap(({ seen }) =>
      seen.map(({ authorization }) => authorization),
    );
    assert.deepEqual(new Set(sent), new Set([undefined]));
  });
});
