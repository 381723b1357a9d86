import * as assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import type { ErrorCode } from "../../../components/errors";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { AUTH, BASIC, CANARY, challenge, client, MANIFEST, sha256 } from "./setup";

const DENIED = { errors: [{ code: "DENIED", message: "the registry's own words" }] };

interface Fault {
  what: string;
  reply: Reply;
  /** What a manifest request ends with, and what a token request ends with. */
  codes: [ErrorCode | undefined, ErrorCode];
  words: RegExp;
  /** How often it is asked by HEAD (for a token, by GET), and by GET for the words that HEAD leaves out. */
  asked: [heads: number, gets: number];
  /** How often a token is asked for, if not as often as HEAD is sent. */
  tokens?: number;
}

const FAULTS: Fault[] = [
  {
    what: "401",
    reply: { status: 401, body: DENIED },
    codes: ["RegistryUnauthorized", "RegistryUnauthorized"],
    words: /refused access \(401\): DENIED: the registry's own words\. Check that the credentials in registryAuth/,
    asked: [1, 1],
  },
  {
    what: "403",
    reply: { status: 403, body: DENIED },
    codes: ["RegistryUnauthorized", "RegistryUnauthorized"],
    words:
      /refused access \(403\): DENIED: the registry's own words\. (No credentials were sent|Check that the credentials in registryAuth)/,
    asked: [1, 1],
  },
  {
    what: "404 that denies access",
    reply: { status: 404, body: DENIED },
    codes: ["RegistryUnauthorized", "RegistryProtocol"],
    words: /(refused access \(404\)|status 404 for a token): DENIED: the registry's own words/,
    asked: [1, 1],
  },
  {
    what: "a web server's own 404",
    reply: { status: 404, body: "<html><h1>Not Found</h1></html>" },
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /404, which does not come from a registry \(Not Found\)|status 404 for a token: Not Found/,
    asked: [1, 1],
  },
  {
    what: "429 with Retry-After",
    reply: { status: 429, headers: { "retry-after": "2" }, body: DENIED },
    codes: ["RegistryUnavailable", "RegistryUnavailable"],
    words: /answered 429: DENIED: the registry's own words \(Retry-After: 2\) \(tried 3 times\)/,
    asked: [3, 1],
  },
  {
    what: "429 with a long Retry-After",
    reply: { status: 429, headers: { "retry-after": "3600" }, body: DENIED },
    codes: ["RegistryUnavailable", "RegistryUnavailable"],
    words: /answered 429: DENIED: the registry's own words \(Retry-After: 3600\) \(tried 1 time\)/,
    asked: [1, 1],
  },
  {
    what: "500",
    reply: { status: 500, body: "<html><h1>Oops</h1></html>" },
    codes: ["RegistryUnavailable", "RegistryUnavailable"],
    words: /answered 500: Oops \(tried 3 times\)/,
    // Servers that can't answer HEAD say this, so that GET is asked, as patiently.
    asked: [1, 3],
    tokens: 3,
  },
  {
    what: "503 without a word",
    reply: { status: 503 },
    codes: ["RegistryUnavailable", "RegistryUnavailable"],
    words: /answered 503: status 503, without a message \(tried 3 times\)/,
    asked: [3, 1],
  },
  {
    what: "400",
    reply: { status: 400, body: { errors: [{ code: "NAME_INVALID", message: "invalid repository name" }] } },
    codes: ["RegistryProtocol", "RegistryUnauthorized"],
    words: /400\)?: NAME_INVALID: invalid repository name/,
    asked: [1, 1],
  },
  {
    what: "a web page",
    reply: { status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" },
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /a manifest of the type text\/html|it has no token/,
    asked: [1, 1],
  },
  {
    what: "garbage",
    reply: "garbage",
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /it is not HTTP \(tried 3 times\)/,
    asked: [3, 0],
  },
  {
    what: "a hang",
    reply: "hang",
    codes: ["RegistryUnavailable", "RegistryUnavailable"],
    words: /did not answer: nothing within 0\.2 seconds \(tried 3 times\)/,
    asked: [3, 0],
  },
  {
    what: "a hang-up",
    reply: "close",
    codes: ["RegistryUnavailable", "RegistryUnavailable"],
    words: /did not answer: .* \(tried 3 times\)/,
    asked: [3, 0],
  },
  {
    what: "a redirect without end",
    reply: { status: 307, headers: { location: "?again" } },
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /it redirects more than 5 times/,
    asked: [6, 0],
  },
  {
    what: "a redirect to plain HTTP elsewhere",
    reply: { status: 307, headers: { location: "http://198.51.100.1/x" } },
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /it redirects to http:\/\/198\.51\.100\.1, which is not encrypted/,
    asked: [1, 0],
  },
  {
    what: "a redirect to no address",
    reply: { status: 307, headers: { location: "https://[" } },
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /it redirects to an invalid address/,
    asked: [1, 0],
  },
  {
    what: "a redirect to nowhere",
    reply: { status: 307, body: DENIED },
    codes: ["RegistryProtocol", "RegistryProtocol"],
    words: /status 307( for a token)?: DENIED: the registry's own words/,
    asked: [1, 1],
  },
];

describe("what a registry may answer instead of a manifest", () => {
  const start = fakeRegistries();

  for (const { what, reply, codes, words, asked, tokens } of FAULTS) {
    const [code, tokenCode] = codes;
    const [heads, gets] = asked;
    // A short limit where it is to be met, and only there: a busy machine can be slow.
    const options = { auth: AUTH, ...(reply === "hang" && { timeoutMs: 200 }) };
    it(`${what}: ${code ?? "absent"}`, async () => {
      const registry = await start(() => reply);
      const resolve = () => client(options).resolve(`${registry.host}/a`, "t");
      if (code === undefined) {
        assert.equal(await resolve(), undefined);
      } else {
        assert.match(await errorOf(code, resolve), words);
      }
      const requests = registry.seen.filter(({ url }) => url !== "/v2/");
      const methods = requests.map(({ method }) => method);
      assert.deepEqual(methods, [...Array(heads).fill("HEAD"), ...Array(gets).fill("GET")]);
    });

    it(`${what} for a token: ${tokenCode}`, async () => {
      const registry = await start(({ url }, host) => (url.startsWith("/v2/") ? challenge(host) : reply));
      const resolve = () => client(options).resolve(`${registry.host}/a`, "t");
      assert.match(await errorOf(tokenCode, resolve), words);
      const tokenRequests = registry.requests.filter((request) => request.startsWith("GET /token"));
      assert.equal(tokenRequests.length, tokens ?? heads);
    });

    it(`${what} that repeats the credentials: they are not shown`, async () => {
      const repeated = (authorization = "") =>
        typeof reply === "string"
          ? reply
          : { ...reply, body: { errors: [{ code: authorization, message: `${CANARY} said ${authorization}` }] } };
      const registry = await start(({ authorization }, host) =>
        authorization ? repeated(authorization) : { ...challenge(host), headers: { "www-authenticate": "Basic" } },
      );
      const error = await client(options)
        .resolve(`${registry.host}/a`, "t")
        .then(String, (thrown: Error) => `${thrown.stack} ${thrown.cause}`);
      assert.equal(registry.seen[1]?.authorization, BASIC);
      assert.ok(!error.includes(CANARY) && !error.includes(BASIC.slice("Basic ".length)), error);
    });
  }

  it("a closed port: RegistryUnavailable, for a manifest and for a token", async () => {
    const server = await listen(createServer());
    const closed = hostOf(server);
    await new Promise((resolve) => server.close(resolve));
    assert.match(
      await errorOf("RegistryUnavailable", () => client().resolve(`${closed}/a`, "t")),
      new RegExp(`^The registry ${closed} did not answer: connect ECONNREFUSED ${closed} \\(tried 3 times\\)`),
    );
    const registry = await start((_, host) => challenge(host, `http://${closed}/token`));
    assert.match(
      await errorOf("RegistryUnavailable", () => client().resolve(`${registry.host}/a`, "t")),
      new RegExp(`^The registry ${closed} did not answer: connect ECONNREFUSED`),
    );
  });

  it("something longer than a manifest may be: RegistryProtocol", async () => {
    const body = Buffer.alloc(4 * 1024 * 1024 + 1, " ");
    const registry = await start(() => ({ status: 200, body }));
    const message = await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, "t"));
    assert.match(message, /its answer is longer than 4194304 bytes/);
  });

  it("404 from another host, to which it redirects: not taken for absent", async () => {
    const other = await start(() => ABSENT);
    const registry = await start(() => ({ status: 307, headers: { location: `http://${other.host}/x` } }));
    assert.match(
      await errorOf("RegistryProtocol", () => client().resolve(`${registry.host}/a`, "t")),
      new RegExp(`it redirects to http://${other.host}, which answers 404`),
    );
  });
});

describe("a HEAD that is answered with a body", () => {
  it("is given up with its connection: no later request takes the body for its answer", async () => {
    const asked = new Set<string>();
    const server = await listen(
      createServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.on("data", (data) => {
          const [, path] = /^HEAD (\S+) HTTP/.exec(data.toString("latin1")) ?? [];
          if (path === undefined) {
            // What is spoken first is TLS.
            socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
            return;
          }
          asked.add(path);
          const head = [`content-type: ${MANIFEST}`, "content-length: 2", `docker-content-digest: ${sha256(path)}`];
          socket.write(`HTTP/1.1 200 OK\r\n${head.join("\r\n")}\r\n\r\n{}`);
        });
      }),
    );
    const registry = client();
    const names = ["a", "b", "c", "d"];
    for (const name of names) {
      const held = await registry.resolve(`${hostOf(server)}/${name}`, "t");
      assert.equal(held?.digest, sha256(`/v2/${name}/manifests/t`));
    }
    assert.deepEqual(
      [...asked],
      names.map((name) => `/v2/${name}/manifests/t`),
    );
    server.close();
  });
});

describe("plain HTTP", () => {
  const start = fakeRegistries();
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
    }
  });

  it("is not spoken with another host", async () => {
    const registry = await start(() => ABSENT);
    // Another name for this machine, which is not one of loopback.
    const host = registry.host.replace("127.0.0.1", "0.0.0.0");
    const message = await errorOf("RegistryUnavailable", () => client().resolve(`${host}/a`, "t"));
    assert.match(message, /speaks plain HTTP, .* VERSIONED_IMAGE_INSECURE_REGISTRIES \(tried 1 time\)/);
    assert.deepEqual(registry.seen, []);
  });

  it("is spoken with a host that VERSIONED_IMAGE_INSECURE_REGISTRIES names", async () => {
    const registry = await start(() => ABSENT);
    const host = registry.host.replace("127.0.0.1", "0.0.0.0");
    const env = {
      DOCKER_CONFIG: "/nonexistent",
      VERSIONED_IMAGE_INSECURE_REGISTRIES: `registry.example, ${host}`,
    };
    assert.equal(await client({ env }).resolve(`${host}/a`, "t"), undefined);
    assert.deepEqual(registry.requests, ["HEAD /v2/a/manifests/t", "GET /v2/", "GET /v2/a/manifests/t"]);
  });

  it("is not spoken with loopback either where TLS is answered, and fails", async () => {
    const firstBytes: (number | undefined)[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (data) => {
        firstBytes.push(data[0]);
        // A TLS alert: handshake failure.
        socket.end(Buffer.from("15030300020228", "hex"));
      });
    });
    servers.push(await listen(server));
    const message = await errorOf("RegistryUnavailable", () => client().resolve(`${hostOf(server)}/a`, "t"));
    assert.match(message, /did not answer: .*handshake failure.* \(tried 3 times\)/);
    // 0x16 begins a TLS handshake.
    assert.deepEqual(firstBytes, [0x16, 0x16, 0x16]);
  });
});

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function hostOf(server: Server): string {
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}
