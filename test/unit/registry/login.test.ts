import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply, type Seen } from "../../support/fakeRegistry";
import { AUTH, BASIC, CANARY, challenge, client, MANIFEST, sha256 } from "./setup";

describe("logging in to a registry", () => {
  const start = fakeRegistries();
  const basicChallenge: Exclude<Reply, string> = { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } };

  /** Gives tokens, and says 404 to whoever shows the one of the moment. */
  function tokenRegistry(current: () => string) {
    return ({ url, authorization }: Seen, host: string): Reply => {
      if (url.startsWith("/token")) {
        return { status: 200, body: { token: current() } };
      }
      return authorization === `Bearer ${current()}` ? ABSENT : challenge(host);
    };
  }

  it("fetches a token with the credentials, and uses it again", async () => {
    const registry = await start(tokenRegistry(() => "T"));
    const one = client({ auth: AUTH });
    assert.equal(await one.resolve(`${registry.host}/a/b`, "t"), undefined);
    assert.equal(await one.resolve(`${registry.host}/a/b`, "u"), undefined);
    assert.deepEqual(
      registry.seen.map(({ method, url, authorization }) => `${method} ${url} ${authorization}`),
      [
        "HEAD /v2/a/b/manifests/t undefined",
        `GET /token?service=s&scope=repository%3Aa%2Fb%3Apull ${BASIC}`,
        "HEAD /v2/a/b/manifests/t Bearer T",
        "GET /v2/a/b/manifests/t Bearer T",
        "HEAD /v2/a/b/manifests/u Bearer T",
        "GET /v2/a/b/manifests/u Bearer T",
      ],
    );
  });

  it("fetches one token for all who ask at the same time", async () => {
    const registry = await start(tokenRegistry(() => "T"));
    const one = client({ auth: AUTH });
    await Promise.all(["t", "u", "v", "w"].map((tag) => one.resolve(`${registry.host}/a`, tag)));
    assert.equal(registry.requests.filter((request) => request.startsWith("GET /token")).length, 1);
  });

  it("fetches one new token for all whose old one has ended", async () => {
    let current = "T1";
    const registry = await start(tokenRegistry(() => current));
    const one = client();
    await one.resolve(`${registry.host}/a`, "t");
    current = "T2";
    await Promise.all(["t", "u", "v", "w"].map((tag) => one.resolve(`${registry.host}/a`, tag)));
    assert.equal(registry.requests.filter((request) => request.startsWith("GET /token")).length, 2);
  });

  it("asks for a new token once, and gives up if that is refused as well", async () => {
    let given = 0;
    const registry = await start(({ url }, host) =>
      url.startsWith("/token") ? { status: 200, body: { access_token: `T${++given}` } } : challenge(host),
    );
    const message = await errorOf("RegistryUnauthorized", () => client().resolve(`${registry.host}/a`, "t"));
    assert.match(message, /refused access \(401\): .*No credentials were sent\. Run docker login/);
    assert.equal(given, 1);
  });

  it("gives an identity token to the token service alone, by POST", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "docker-"));
    const registry = await start(tokenRegistry(() => "T"));
    const config = { auths: { [registry.host]: { identitytoken: CANARY } } };
    writeFileSync(path.join(directory, "config.json"), JSON.stringify(config));
    assert.equal(await client({ env: { DOCKER_CONFIG: directory } }).resolve(`${registry.host}/a`, "t"), undefined);
    rmSync(directory, { recursive: true });
    assert.deepEqual(registry.seen, [
      { method: "HEAD", url: "/v2/a/manifests/t", authorization: undefined, body: "" },
      {
        method: "POST",
        url: "/token",
        authorization: undefined,
        body:
          "service=s&scope=repository%3Aa%3Apull&grant_type=refresh_token&client_id=versioned-image&" +
          `refresh_token=${CANARY}`,
      },
      { method: "HEAD", url: "/v2/a/manifests/t", authorization: "Bearer T", body: "" },
      { method: "GET", url: "/v2/a/manifests/t", authorization: "Bearer T", body: "" },
    ]);
  });

  it("does not post an identity token to a host that the token service redirects to", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "docker-"));
    const other = await start(() => ({ status: 200, body: { token: "T" } }));
    const registry = await start(({ url }, host) =>
      url.startsWith("/token") ? { status: 307, headers: { location: `http://${other.host}/token` } } : challenge(host),
    );
    const config = { auths: { [registry.host]: { identitytoken: CANARY } } };
    writeFileSync(path.join(directory, "config.json"), JSON.stringify(config));
    const message = await errorOf("RegistryProtocol", () =>
      client({ env: { DOCKER_CONFIG: directory } }).resolve(`${registry.host}/a`, "t"),
    );
    rmSync(directory, { recursive: true });
    assert.match(message, new RegExp(`it redirects a request with credentials to ${other.host}`));
    assert.deepEqual(other.seen, []);
  });

  it("asks a credential helper once for all repositories of a host, and only if the registry wants credentials", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "docker-"));
    const log = path.join(directory, "log");
    const script = `#!/bin/sh\ncat >> ${log}\necho >> ${log}\necho '{"Username":"user","Secret":"${CANARY}"}'\n`;
    writeFileSync(path.join(directory, "docker-credential-fake"), script, { mode: 0o755 });
    writeFileSync(path.join(directory, "config.json"), '{"credsStore":"fake"}');
    writeFileSync(log, "");
    const env = { DOCKER_CONFIG: directory, PATH: `${directory}:${process.env.PATH}` };
    const open = await start(() => ABSENT);
    const closed = await start(({ authorization }) => (authorization === BASIC ? ABSENT : basicChallenge));
    const one = client({ env });
    await one.resolve(`${open.host}/a`, "t");
    await Promise.all(["a", "b", "c"].map((name) => one.resolve(`${closed.host}/${name}`, "t")));
    assert.equal(readFileSync(log, "utf8"), `${closed.host}\n`);
    rmSync(directory, { recursive: true });
  });

  it("names the command to log in again where the user's own credentials are refused", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "docker-"));
    const registry = await start(() => ({ ...basicChallenge, body: "no" }));
    const config = { auths: { [registry.host]: { auth: BASIC.slice("Basic ".length) } } };
    writeFileSync(path.join(directory, "config.json"), JSON.stringify(config));
    const message = await errorOf("RegistryUnauthorized", () =>
      client({ env: { DOCKER_CONFIG: directory } }).resolve(`${registry.host}/a`, "t"),
    );
    rmSync(directory, { recursive: true });
    assert.equal(
      message,
      `The registry ${registry.host} refused access (401): no. Check that your account can read and write there. To log in ` +
        `again, run docker login ${registry.host}`,
    );
  });

  it("finds nothing where the token service knows no such repository, until it does", async () => {
    const unknown: Reply = { status: 404, body: { errors: [{ code: "NAME_UNKNOWN", message: "not found" }] } };
    let made = false;
    const registry = await start((seen, host) => {
      if (seen.url.startsWith("/token") && !made) {
        return unknown;
      }
      const answer = tokenRegistry(() => "T")(seen, host);
      return typeof answer === "object" && answer.status === 404
        ? { status: 200, headers: { "content-type": MANIFEST, "docker-content-digest": sha256("") } }
        : answer;
    });
    const one = client({ auth: AUTH });
    assert.equal(await one.resolve(`${registry.host}/a`, "t"), undefined);
    made = true;
    assert.deepEqual(await one.resolve(`${registry.host}/a`, "t"), { digest: sha256(""), mediaType: MANIFEST });
  });

  it("does not take it for absent where another host says that of the repository, after a redirect", async () => {
    const body = { errors: [{ code: "NAME_UNKNOWN", message: "not found" }] };
    const other = await start(() => ({ status: 404, body }));
    const registry = await start(({ url }, host) =>
      url.startsWith("/token") ? { status: 307, headers: { location: `http://${other.host}/token` } } : challenge(host),
    );
    const message = await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, "t"));
    assert.match(message, /status 404 for a token: NAME_UNKNOWN: not found/);
  });

  it("gives basic credentials where the registry asks for them", async () => {
    const registry = await start(({ authorization }) => (authorization ? ABSENT : basicChallenge));
    assert.equal(await client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"), undefined);
    assert.deepEqual(
      registry.seen.map(({ authorization }) => authorization),
      [undefined, BASIC, BASIC],
    );
  });

  it("gives explicit credentials to their own server alone", async () => {
    const registry = await start(() => basicChallenge);
    const other = client({ auth: { ...AUTH, server: "registry.example" } });
    const message = await errorOf("RegistryUnauthorized", () => other.resolve(`${registry.host}/a`, "t"));
    assert.match(message, /No credentials were sent\. Run docker login/);
    assert.deepEqual(new Set(registry.seen.map(({ authorization }) => authorization)), new Set([undefined]));
    const own = client({ auth: { ...AUTH, server: `https://${registry.host}/v2/` } });
    await errorOf("RegistryUnauthorized", () => own.resolve(`${registry.host}/a`, "t"));
    assert.equal(registry.seen.at(-1)?.authorization, BASIC);
  });

  it("does not carry credentials along a redirect to another host", async () => {
    const other = await start(() => ({ status: 200, headers: { "content-type": "text/html" } }));
    const registry = await start(({ authorization }) =>
      authorization ? { status: 307, headers: { location: `http://${other.host}/elsewhere` } } : basicChallenge,
    );
    await errorOf("RegistryProtocol", () => client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"));
    assert.deepEqual(
      other.seen.map(({ method, url, authorization }) => [method, url, authorization]),
      [
        ["HEAD", "/elsewhere", undefined],
        ["GET", "/elsewhere", undefined],
      ],
    );
  });

  it("does not log in where another host asks for it, after a redirect", async () => {
    const other = await start(({ url }, host) =>
      url.startsWith("/token") ? { status: 200, body: { token: "T" } } : challenge(host),
    );
    const registry = await start(() => ({ status: 307, headers: { location: `http://${other.host}/x` } }));
    const message = await errorOf("RegistryUnauthorized", () =>
      client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"),
    );
    assert.match(message, new RegExp(`The registry ${registry.host} refused access \\(401 from ${other.host}\\)`));
    assert.deepEqual(other.requests, ["HEAD /x", "GET /x"]);
    assert.deepEqual(new Set(other.seen.map(({ authorization }) => authorization)), new Set([undefined]));
  });

  for (const realm of ["http://198.51.100.1/token", "ftp://h.example/", "https://user@h.example/token", "", "//"]) {
    it(`fetches no token from ${JSON.stringify(realm)}`, async () => {
      const registry = await start((_, host) => challenge(host, realm));
      const message = await errorOf("RegistryProtocol", () =>
        client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"),
      );
      assert.ok(message.includes(`its token service, ${JSON.stringify(realm)}, is not an https address`), message);
    });
  }

  for (const body of [{}, [], null, { token: 7 }, { token: "" }, { token: "a\nb" }, "T"]) {
    it(`takes ${JSON.stringify(body)} for no token`, async () => {
      const registry = await start(({ url }, host) =>
        url.startsWith("/token") ? { status: 200, body: JSON.stringify(body) } : challenge(host),
      );
      const message = await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, "t"));
      assert.match(message, /it has no token/);
    });
  }

  it("that was refused before is no reason not to ask by GET", async () => {
    let isOpen = false;
    const registry = await start(({ method, url }, host) =>
      url.startsWith("/token")
        ? { status: 403, body: { details: "no" } }
        : isOpen
          ? method === "GET"
            ? ABSENT
            : { status: 404 }
          : challenge(host),
    );
    const one = client();
    await errorOf("RegistryUnauthorized", () => one.resolve(`${registry.host}/a`, "t"));
    isOpen = true;
    assert.equal(await one.resolve(`${registry.host}/a`, "t"), undefined);
  });
});
