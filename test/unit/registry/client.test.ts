import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { ErrorCode } from "../../../components/errors";
import { parseChallenges } from "../../../components/registry/challenge";
import { type ClientOptions, createRegistryClient } from "../../../components/registry/client";
import { errorOf } from "../../support/assertError";
import { FakeRegistry, type Reply, type Seen } from "../../support/fakeRegistry";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CANARY = "canary-secret";

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

describe("createRegistryClient", () => {
  const registries: FakeRegistry[] = [];

  async function start(answer: (request: Seen, host: string) => Reply): Promise<FakeRegistry> {
    const registry = await FakeRegistry.start(answer);
    registries.push(registry);
    return registry;
  }

  afterEach(async () => {
    await Promise.all(registries.splice(0).map((registry) => registry.stop()));
  });

  function client(options: ClientOptions = {}) {
    return createRegistryClient({ env: { DOCKER_CONFIG: "/nonexistent" }, timeoutMs: 200, pauseMs: 1, ...options });
  }

  const auth = { username: "user", password: CANARY };
  const challenge = (host: string, realm = `http://${host}/token`) => ({
    status: 401,
    headers: { "www-authenticate": `Bearer realm="${realm}",service="s",scope="x"` },
  });

  it("asks for the manifest's digest and type, and for nothing else", async () => {
    const registry = await start(() => ({
      status: 200,
      headers: { "docker-content-digest": sha256("x"), "content-type": MANIFEST },
    }));
    assert.deepEqual(await client().resolve(`${registry.host}/a/b`, "88d38d9"), {
      digest: sha256("x"),
      mediaType: MANIFEST,
    });
    assert.deepEqual(
      registry.seen.map(({ method, url }) => `${method} ${url}`),
      ["HEAD /v2/a/b/manifests/88d38d9"],
    );
  });

  it("computes the digest where the registry does not send it", async () => {
    const registry = await start(() => ({ status: 200, headers: { "content-type": MANIFEST }, body: "{}" }));
    assert.deepEqual(await client().resolve(`${registry.host}/a`, "t"), { digest: sha256("{}"), mediaType: MANIFEST });
  });

  it("says that nothing is there for 404 alone", async () => {
    const registry = await start(() => ({ status: 404, body: { errors: [{ code: "MANIFEST_UNKNOWN" }] } }));
    assert.equal(await client().resolve(`${registry.host}/a`, "t"), undefined);
    assert.equal(registry.seen.length, 1);
  });

  const denied = { errors: [{ code: "DENIED", message: "the registry's own words" }] };
  const faults: [what: string, reply: Reply, code: ErrorCode, words: RegExp, tries: number][] = [
    ["401 without a challenge", { status: 401, body: denied }, "RegistryUnauthorized", /refused access \(401\)/, 1],
    ["403", { status: 403, body: denied }, "RegistryUnauthorized", /refused access \(403\).*docker login 127/, 1],
    [
      "429 with Retry-After",
      { status: 429, headers: { "retry-after": "2" } },
      "RegistryUnavailable",
      /answered 429/,
      3,
    ],
    ["500", { status: 500, body: denied }, "RegistryUnavailable", /answered 500/, 3],
    ["503", { status: 503 }, "RegistryUnavailable", /answered 503/, 3],
    ["400", { status: 400 }, "RegistryProtocol", /status 400/, 1],
    ["405", { status: 405 }, "RegistryProtocol", /status 405/, 1],
    ["a web page", { status: 200, headers: { "content-type": "text/html" } }, "RegistryProtocol", /type text\/html/, 2],
    ["a hang", "hang", "RegistryUnavailable", /nothing within 0\.2 seconds/, 3],
    ["a hang-up", "close", "RegistryUnavailable", /did not answer: /, 3],
    [
      "a redirect without end",
      { status: 307, headers: { location: "/again" } },
      "RegistryProtocol",
      /more than 5 times/,
      6,
    ],
    [
      "a redirect to plain HTTP elsewhere",
      { status: 307, headers: { location: "http://198.51.100.1/x" } },
      "RegistryProtocol",
      /redirects to http:\/\/198\.51\.100\.1, which is not encrypted/,
      1,
    ],
  ];
  for (const [what, reply, code, words, tries] of faults) {
    it(`fails closed on ${what} for a manifest`, async () => {
      const registry = await start(() => reply);
      assert.match(await errorOf(code, () => client().resolve(`${registry.host}/a`, "t")), words);
      assert.equal(registry.seen.length, tries);
    });

    it(`fails closed on ${what} for a token`, async () => {
      const registry = await start(({ url }, host) => (url.startsWith("/v2/") ? challenge(host) : reply));
      const message = await errorOf(
        what === "a web page" ? "RegistryProtocol" : what === "400" ? "RegistryUnauthorized" : code,
        () => client({ auth }).resolve(`${registry.host}/a`, "t"),
      );
      assert.ok(!message.includes(CANARY) && !message.includes(Buffer.from(`user:${CANARY}`).toString("base64")));
    });
  }

  it("says the registry's own words", async () => {
    const registry = await start(() => ({ status: 403 }));
    const token = await start(({ url }, host) =>
      url.startsWith("/v2/") ? challenge(host) : { status: 403, body: denied },
    );
    assert.match(
      await errorOf("RegistryUnauthorized", () => client().resolve(`${token.host}/a`, "t")),
      /DENIED: the registry's own words\. There are no credentials for it: run docker login 127/,
    );
    assert.match(
      await errorOf("RegistryUnauthorized", () => client().resolve(`${registry.host}/a`, "t")),
      /and no words/,
    );
  });

  it("fails closed on a closed port", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const message = await errorOf("RegistryUnavailable", () => client().resolve(`127.0.0.1:${port}/a`, "t"));
    assert.match(message, /ECONNREFUSED/);
  });

  it("fetches a token with the credentials, and uses it again", async () => {
    const registry = await start(({ url, authorization }, host) =>
      url.startsWith("/token")
        ? { status: 200, body: { token: "T" } }
        : authorization === "Bearer T"
          ? { status: 404 }
          : challenge(host),
    );
    const one = client({ auth });
    await one.resolve(`${registry.host}/a/b`, "t");
    await one.resolve(`${registry.host}/a/b`, "u");
    assert.deepEqual(
      registry.seen.map(({ method, url, authorization }) => `${method} ${url} ${authorization}`),
      [
        "HEAD /v2/a/b/manifests/t undefined",
        `GET /token?service=s&scope=repository%3Aa%2Fb%3Apull Basic ${Buffer.from(`user:${CANARY}`).toString("base64")}`,
        "HEAD /v2/a/b/manifests/t Bearer T",
        "HEAD /v2/a/b/manifests/u Bearer T",
      ],
    );
  });

  it("asks for a new token once when the old one has ended", async () => {
    let valid = 1;
    let given = 0;
    const registry = await start(({ url, authorization }, host) => {
      if (url.startsWith("/token")) {
        return { status: 200, body: { access_token: `T${++given}` } };
      }
      return authorization === `Bearer T${valid}` ? { status: 404 } : challenge(host);
    });
    const one = client();
    await one.resolve(`${registry.host}/a`, "t");
    valid = 2;
    await one.resolve(`${registry.host}/a`, "t");
    valid = 9;
    await errorOf("RegistryUnauthorized", () => one.resolve(`${registry.host}/a`, "t"));
    assert.equal(given, 3);
  });

  it("gives basic credentials where the registry asks for them", async () => {
    const registry = await start(({ authorization }) =>
      authorization ? { status: 404 } : { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } },
    );
    assert.equal(await client({ auth }).resolve(`${registry.host}/a`, "t"), undefined);
    assert.equal(registry.seen[1]?.authorization, `Basic ${Buffer.from(`user:${CANARY}`).toString("base64")}`);
  });

  it("gives explicit credentials to their own server alone", async () => {
    const registry = await start(() => ({ status: 401, headers: { "www-authenticate": 'Basic realm="r"' } }));
    const other = client({ auth: { ...auth, server: "registry.example" } });
    await errorOf("RegistryUnauthorized", () => other.resolve(`${registry.host}/a`, "t"));
    assert.deepEqual(
      registry.seen.map(({ authorization }) => authorization),
      [undefined],
    );
  });

  it("does not carry credentials along a redirect to another host", async () => {
    const other = await start(() => ({ status: 404 }));
    const registry = await start(
      ({ authorization }): Reply =>
        authorization
          ? { status: 307, headers: { location: `http://${other.host}/elsewhere` } }
          : { status: 401, headers: { "www-authenticate": "Basic" } },
    );
    assert.equal(await client({ auth }).resolve(`${registry.host}/a`, "t"), undefined);
    assert.deepEqual(other.seen, [{ method: "HEAD", url: "/elsewhere", authorization: undefined, body: "" }]);
  });

  it("fetches no token from a realm that is not encrypted", async () => {
    const registry = await start((_, host) => challenge(host, "http://198.51.100.1/token"));
    const message = await errorOf("RegistryProtocol", () => client({ auth }).resolve(`${registry.host}/a`, "t"));
    assert.match(message, /"http:\/\/198\.51\.100\.1\/token", which is not an https address/);
  });

  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    created: "2024-01-01T00:00:00Z",
    config: { Labels: { a: "b" } },
  });
  const manifest = JSON.stringify({ config: { digest: sha256(config) } });
  const index = JSON.stringify({
    manifests: [
      { digest: sha256("arm"), platform: { os: "linux", architecture: "arm64" } },
      { digest: sha256(manifest), platform: { os: "linux", architecture: "amd64" } },
    ],
  });
  const store: Record<string, Reply> = {
    [`/v2/a/manifests/${sha256(manifest)}`]: { status: 200, headers: { "content-type": MANIFEST }, body: manifest },
    [`/v2/a/manifests/${sha256(index)}`]: { status: 200, headers: { "content-type": INDEX }, body: index },
    [`/v2/a/manifests/${sha256("other")}`]: { status: 200, headers: { "content-type": MANIFEST }, body: manifest },
    [`/v2/a/blobs/${sha256(config)}`]: { status: 200, body: config },
  };

  it("reads an image's labels, through an index too", async () => {
    const registry = await start(({ url }) => store[url] ?? { status: 404 });
    const expected = { labels: { a: "b" }, created: "2024-01-01T00:00:00Z", platform: "linux/amd64" };
    assert.deepEqual(await client().inspect(`${registry.host}/a`, sha256(manifest), "linux/amd64"), expected);
    assert.deepEqual(await client().inspect(`${registry.host}/a`, sha256(index), "linux/amd64"), expected);
  });

  it("refuses content that is not what its digest says", async () => {
    const registry = await start(({ url }) => store[url] ?? { status: 404 });
    const message = await errorOf("RegistryProtocol", () =>
      client().inspect(`${registry.host}/a`, sha256("other"), "linux/amd64"),
    );
    assert.match(message, new RegExp(`${sha256(manifest)} under the digest ${sha256("other")}`));
    await errorOf("RegistryProtocol", () => client().inspect(`${registry.host}/a`, sha256("nothing"), "linux/amd64"));
  });

  it("reads all pages of tags, from the same repository alone", async () => {
    const registry = await start(({ url }) =>
      url.includes("last=b")
        ? { status: 200, body: { tags: ["c"] } }
        : { status: 200, headers: { link: '</v2/a/tags/list?n=2&last=b>; rel="next"' }, body: { tags: ["a", "b"] } },
    );
    assert.deepEqual(await client().tags(`${registry.host}/a`), ["a", "b", "c"]);
    const hostile = await start(() => ({
      status: 200,
      headers: { link: '</v2/b/tags/list>; rel="next"' },
      body: { tags: [] },
    }));
    await errorOf("RegistryProtocol", () => client().tags(`${hostile.host}/a`));
    const empty = await start(() => ({ status: 404 }));
    assert.deepEqual(await client().tags(`${empty.host}/a`), []);
  });
});

describe("parseChallenges", () => {
  it("reads several challenges, quoted values and commas in them", () => {
    assert.deepEqual(
      parseChallenges('Negotiate, Bearer realm="https://h/t",service="a \\"b\\", c", scope=x, basic realm="r"'),
      [
        { scheme: "bearer", parameters: { realm: "https://h/t", service: 'a "b", c', scope: "x" } },
        { scheme: "basic", parameters: { realm: "r" } },
      ],
    );
    assert.deepEqual(parseChallenges("Basic"), [{ scheme: "basic", parameters: {} }]);
    assert.deepEqual(parseChallenges(""), []);
  });
});
