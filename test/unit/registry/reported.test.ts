import * as assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { AT_ONCE } from "../../../components/registry/turns";
import { errorOf } from "../../support/assertError";
import { ABSENT, type FakeRegistry, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { AUTH, BASIC, challenge, client, INDEX, MANIFEST, sha256 } from "./setup";

const BODY = "{}";
const HELD = {
  status: 200,
  headers: { "content-type": MANIFEST, "docker-content-digest": sha256(BODY) },
  body: BODY,
} satisfies Reply;
const FOUND = { digest: sha256(BODY), mediaType: MANIFEST };

/** What registries, and servers in front of them, were reported to answer. */
describe("a registry that was reported", () => {
  const start = fakeRegistries();
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function listen(server: Server, port = 0): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve, reject) => server.on("error", reject).listen(port, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  describe("to fail HEAD", () => {
    const refusals: Reply[] = [
      { status: 404 },
      { status: 404, headers: { "docker-distribution-api-version": "registry/2.0" } },
      { status: 404, body: "<html>" },
      ...[400, 401, 403, 405, 406, 500, 501, 502].map((status) => ({ status })),
      { status: 204 },
      { status: 200 },
      { status: 200, headers: { "content-type": MANIFEST } },
      { status: 200, headers: { "content-type": "text/html", "docker-content-digest": sha256(BODY) } },
    ];
    for (const reply of refusals) {
      it(`with ${JSON.stringify(reply)}: GET decides`, async () => {
        for (const [got, expected] of [
          [HELD, FOUND],
          [ABSENT, undefined],
        ] as const) {
          const registry = await start(({ method }) => (method === "HEAD" ? reply : got));
          assert.deepEqual(await client().resolve(`${registry.host}/a`, "t"), expected);
          assert.ok(registry.requests.includes("GET /v2/a/manifests/t"));
        }
      });
    }
  });

  describe("to say 404", () => {
    const api = { "docker-distribution-api-version": "registry/2.0" };
    for (const reply of [
      { status: 404, headers: api },
      { status: 404, headers: api, body: "page not found" },
      { status: 404, body: { errors: [{ code: "NAME_UNKNOWN" }] } },
      { status: 404, body: { errors: [{ code: "MANIFEST_UNKNOWN", message: "no" }] } },
      { status: 404, body: { errors: [{ code: "NOT_FOUND", message: "artifact not found" }] } },
    ]) {
      it(`as its own ${JSON.stringify(reply)}: absent`, async () => {
        const registry = await start(() => reply);
        assert.equal(await client().resolve(`${registry.host}/a`, "t"), undefined);
        assert.deepEqual(await client().tags(`${registry.host}/a`), []);
      });
    }

    for (const [code, reply] of [
      ["RegistryProtocol", { status: 404 }],
      ["RegistryProtocol", { status: 404, body: "404 page not found" }],
      ["RegistryProtocol", { status: 404, body: { message: "no route" } }],
      ["RegistryProtocol", { status: 404, body: { errors: ["not found"] } }],
      ["RegistryUnauthorized", { status: 404, headers: api, body: { errors: [{ code: "DENIED" }] } }],
      ["RegistryUnauthorized", { status: 404, body: { errors: [{ code: "UNAUTHORIZED" }] } }],
    ] as const) {
      it(`as what is in front of it, ${JSON.stringify(reply)}: ${code}`, async () => {
        const registry = await start(() => reply);
        await errorOf(code, () => client().resolve(`${registry.host}/a`, "t"));
        await errorOf(code, () => client().tags(`${registry.host}/a`));
      });
    }
  });

  describe("to offer several ways to log in", () => {
    const bearer = (host: string) => `Bearer realm="http://${host}/token",service="s"`;
    for (const [what, offered] of [
      ["Basic first", (host: string) => `Basic realm="r", ${bearer(host)}`],
      ["Bearer first", (host: string) => `${bearer(host)}, Basic realm="r"`],
      ["a Bearer of no address", () => 'Bearer realm="", Basic'],
      ["a Bearer elsewhere in the open", () => 'Bearer realm="http://h.example/token", Basic'],
    ] as const) {
      it(`${what}: the next is tried where no token is to be had`, async () => {
        const registry = await start(({ url, authorization }, host) => {
          if (url.startsWith("/token")) {
            return { status: 404, body: "no such page" };
          }
          return authorization === BASIC ? HELD : { status: 401, headers: { "www-authenticate": offered(host) } };
        });
        assert.deepEqual(await client({ auth: AUTH }).resolve(`${registry.host}/a`, "t"), FOUND);
      });
    }
  });

  it("to send for its token to plain HTTP of the same host: allowed where plain HTTP is", async () => {
    const registry = await start(({ url, authorization }, host) => {
      const realm = `http://${host.replace("127.0.0.1", "0.0.0.0")}/service/token`;
      if (url.startsWith("/service/token")) {
        return { status: 200, body: { token: "T" } };
      }
      return authorization === "Bearer T" ? HELD : challenge(host, realm);
    });
    const host = registry.host.replace("127.0.0.1", "0.0.0.0");
    const env = { DOCKER_CONFIG: "/nonexistent", VERSIONED_IMAGE_INSECURE_REGISTRIES: host };
    assert.deepEqual(await client({ env, auth: AUTH }).resolve(`${host}/a`, "t"), FOUND);
  });

  describe("to close a connection of TLS without a word", () => {
    const closing = (status: number) => {
      const server = createServer((_, outgoing) => {
        const { "content-type": type, "docker-content-digest": digest } = HELD.headers;
        outgoing.writeHead(status, { "content-type": type, "docker-content-digest": digest }).end();
      });
      return server.on("clientError", (_, socket) => socket.destroy());
    };

    it("is spoken plain HTTP with", async () => {
      assert.deepEqual(await client().resolve(`${await listen(closing(200))}/a`, "t"), FOUND);
    });

    it("is not if it answers that with 400, as a server of TLS does", async () => {
      const host = await listen(closing(400));
      const message = await errorOf("RegistryUnavailable", () => client().resolve(`${host}/a`, "t"));
      assert.match(message, /did not answer: /);
    });

    it("is not where plain HTTP is not allowed", async () => {
      const host = (await listen(closing(200))).replace("127.0.0.1", "0.0.0.0");
      await errorOf("RegistryUnavailable", () => client().resolve(`${host}/a`, "t"));
    });
  });

  describe("to name the next page of its tags", () => {
    for (const next of [
      "/v2/a/tags/list?last=b",
      "/repository/hosted/v2/a/tags/list?last=b",
      "?last=b",
      "http://HOST/other/a/tags/list?last=b",
    ]) {
      it(`as ${next}: its query is taken`, async () => {
        const registry = await start(({ url }, host) =>
          url.endsWith("?last=b")
            ? { status: 200, body: { tags: ["c"] } }
            : { status: 200, headers: { link: `<${next.replace("HOST", host)}>; rel="next"` }, body: { tags: ["b"] } },
        );
        assert.deepEqual(await client().tags(`${registry.host}/a`), ["b", "c"]);
        assert.equal(registry.requests.at(-1), "GET /v2/a/tags/list?last=b");
      });
    }

    it("on another host: not asked", async () => {
      const registry = await start(() => ({
        status: 200,
        headers: { link: '<http://h.example/v2/a/tags/list?last=b>; rel="next"' },
        body: { tags: ["b"] },
      }));
      const message = await errorOf("RegistryProtocol", () => client().tags(`${registry.host}/a`));
      assert.match(message, /its next page of tags has the invalid address http:\/\/h\.example/);
    });
  });

  describe("to hold what is no image under the tag", () => {
    const config = (mediaType?: string) => ({ mediaType, digest: sha256("c"), size: 1 });
    const layer = (mediaType: string) => ({ mediaType, digest: sha256("l"), size: 1 });
    const image = "application/vnd.oci.image.config.v1+json";
    for (const [manifest, type] of [
      [{ config: config("application/vnd.cncf.helm.config.v1+json") }, "application/vnd.cncf.helm.config.v1+json"],
      [
        { config: config("application/vnd.oci.empty.v1+json"), artifactType: "application/vnd.wasm" },
        "application/vnd.wasm",
      ],
      [{ config: config(image), artifactType: "application/spdx+json" }, "application/spdx+json"],
      [
        { config: config(image), layers: [layer("application/vnd.dev.cosign.simplesigning.v1+json")] },
        "application/vnd.dev.cosign.simplesigning.v1+json",
      ],
    ] as const) {
      it(`such as ${type}: NotAnImage`, async () => {
        const bytes = JSON.stringify({ schemaVersion: 2, layers: [], ...manifest });
        const registry = await start(() => ({ status: 200, headers: { "content-type": MANIFEST }, body: bytes }));
        const message = await errorOf("NotAnImage", () =>
          client().inspect(`${registry.host}/a`, sha256(bytes), "linux/amd64"),
        );
        assert.match(message, new RegExp(`an artifact of the type "${type.replace(/[+.]/g, "\\$&")}"`));
      });
    }

    it("such as an index with nothing to run: said", async () => {
      const attestation = {
        digest: sha256("x"),
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.type": "attestation-manifest" },
      };
      const chart = { digest: sha256("y"), artifactType: "application/vnd.cncf.helm.config.v1+json" };
      const bytes = JSON.stringify({ manifests: [attestation, chart, attestation] });
      const registry = await start(() => ({ status: 200, headers: { "content-type": INDEX }, body: bytes }));
      const message = await errorOf("PlatformNotFound", () =>
        client().inspect(`${registry.host}/a`, sha256(bytes), "linux/amd64"),
      );
      const holds = "an attestation (2 times), application/vnd.cncf.helm.config.v1+json";
      assert.ok(message.includes(`is an index with nothing to run: it holds ${holds}, but no image`), message);
    });
  });

  describe("to let credentials end", () => {
    const basic = (password: string) => `Basic ${Buffer.from(`u:${password}`).toString("base64")}`;

    /** A registry that knows one password at a time, and a client whose configuration has one at a time. */
    async function ending(refusal: number, byToken: boolean) {
      const state = { valid: "one", given: "one", logins: 0 };
      const registry = await start(({ url, authorization }, host) => {
        if (url.startsWith("/token")) {
          state.logins++;
          return authorization === basic(state.valid)
            ? { status: 200, body: { token: state.valid } }
            : { status: 401, body: { errors: [{ code: "UNAUTHORIZED" }] } };
        }
        const expected = byToken ? `Bearer ${state.valid}` : basic(state.valid);
        if (authorization === undefined) {
          return byToken ? challenge(host) : { status: 401, headers: { "www-authenticate": "Basic" } };
        }
        return authorization === expected
          ? HELD
          : { status: refusal, headers: byToken ? challenge(host).headers : { "www-authenticate": "Basic" } };
      });
      const env = {
        DOCKER_CONFIG: "/nonexistent",
        get DOCKER_AUTH_CONFIG() {
          const auth = Buffer.from(`u:${state.given}`).toString("base64");
          return JSON.stringify({ auths: { [registry.host]: { auth } } });
        },
      };
      return { state, env, registry };
    }

    for (const byToken of [false, true]) {
      for (const refusal of byToken ? [401] : [401, 403]) {
        it(`${byToken ? "with a token service" : "without"}, by ${refusal}: they are asked for again, once`, async () => {
          const { state, env, registry } = await ending(refusal, byToken);
          const one = client({ env });
          const resolve = () => one.resolve(`${registry.host}/a`, "t");
          assert.deepEqual(await resolve(), FOUND);
          Object.assign(state, { valid: "two", given: "two" });
          assert.deepEqual(await resolve(), FOUND);
          state.valid = "three";
          registry.seen.length = 0;
          await errorOf("RegistryUnauthorized", resolve);
          assert.ok(registry.seen.length <= 8, registry.requests.join("\n"));
        });
      }
    }
  });

  describe("behind a proxy", () => {
    const HOST = "registry.example:5000";

    /** A proxy that leads every host to one registry, or refuses with a status. */
    async function proxyTo(registry: FakeRegistry, refusal?: number) {
      const asked: string[] = [];
      const connections = new Set<unknown>();
      const server = createServer((incoming, outgoing) => {
        connections.add(incoming.socket);
        asked.push(`${incoming.method} ${incoming.url} ${incoming.headers["proxy-authorization"]}`);
        const answer = refusal === undefined ? HELD : { status: refusal, headers: {}, body: "" };
        outgoing.writeHead(answer.status, answer.headers).end(incoming.method === "HEAD" ? "" : answer.body);
      });
      server.on("connect", (incoming, socket) => {
        asked.push(`CONNECT ${incoming.url} ${incoming.headers["proxy-authorization"]}`);
        socket.on("error", () => {});
        if (refusal !== undefined) {
          socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
          return;
        }
        const [address = "", port] = registry.host.split(":");
        const to = connect(Number(port), address, () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          to.pipe(socket).pipe(to);
        });
        to.on("error", () => socket.destroy());
      });
      return { host: await listen(server), asked, connections };
    }

    it("is asked through it, by TLS and in the open, with the proxy's own login", async () => {
      const { host, asked } = await proxyTo(await start(() => HELD));
      const proxy = `http://me:p%40ss@${host}`;
      const env = {
        DOCKER_CONFIG: "/nonexistent",
        VERSIONED_IMAGE_INSECURE_REGISTRIES: HOST,
        HTTPS_PROXY: proxy,
        HTTP_PROXY: proxy,
      };
      assert.deepEqual(await client({ env }).resolve(`${HOST}/a`, "t"), FOUND);
      const login = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
      assert.deepEqual(asked, [`CONNECT ${HOST} ${login}`, `HEAD http://${HOST}/v2/a/manifests/t ${login}`]);
    });

    it("is asked of many images over no more connections than without one", async () => {
      const { host, connections } = await proxyTo(await start(() => HELD));
      const env = {
        DOCKER_CONFIG: "/nonexistent",
        VERSIONED_IMAGE_INSECURE_REGISTRIES: HOST,
        HTTPS_PROXY: host,
        HTTP_PROXY: host,
      };
      const registry = client({ env });
      const images = Array.from({ length: 40 }, (_, image) => `${HOST}/app-${image}`);
      const held = await Promise.all(images.map((image) => registry.resolve(image, "t")));
      assert.deepEqual(
        held,
        images.map(() => FOUND),
      );
      assert.ok(connections.size <= AT_ONCE, `${connections.size} connections for 40 HEADs`);
    });

    for (const [status, advice] of [
      [403, /which answered 403, or list the host in NO_PROXY/],
      [407, /which answered 407; set its user and password in https_proxy, or list the host in NO_PROXY/],
    ] as const) {
      it(`that answers ${status}: the error names it and its variable, and not its password`, async () => {
        const { host } = await proxyTo(await start(() => HELD), status);
        const env = { DOCKER_CONFIG: "/nonexistent", https_proxy: `http://me:canary@${host}` };
        const message = await errorOf("RegistryUnavailable", () => client({ env }).resolve("registry.example/a", "t"));
        assert.match(message, advice);
        assert.ok(message.includes(`the proxy http://${host} (https_proxy)`) && !message.includes("canary"), message);
      });
    }

    for (const exempt of ["10.0.0.0/8,0.0.0.0", "0.0.0.0:"]) {
      it(`that NO_PROXY excepts it from is asked straight: ${exempt}`, async () => {
        const registry = await start(() => HELD);
        const { host, asked } = await proxyTo(registry, 403);
        const plain = registry.host.replace("127.0.0.1", "0.0.0.0");
        const env = {
          DOCKER_CONFIG: "/nonexistent",
          VERSIONED_IMAGE_INSECURE_REGISTRIES: plain,
          HTTPS_PROXY: host,
          HTTP_PROXY: host,
          NO_PROXY: exempt,
        };
        assert.deepEqual(await client({ env }).resolve(`${plain}/a`, "t"), FOUND);
        assert.deepEqual(asked, []);
      });
    }
  });

  it("to be on a port that browsers don't visit is asked like others", async () => {
    for (const port of [6000, 6566, 6667, 6697, 10080]) {
      const server = createServer((_, outgoing) => outgoing.writeHead(200, HELD.headers).end());
      const host = await listen(server, port).catch((error: NodeJS.ErrnoException) => {
        assert.equal(error.code, "EADDRINUSE");
        servers.pop();
      });
      if (host !== undefined) {
        assert.deepEqual(await client().resolve(`${host}/a`, "t"), FOUND);
        return;
      }
    }
    assert.fail("all of these ports are taken");
  });

  it("to be asked by 200 images at once gets six requests at a time", async () => {
    let [now, most, all] = [0, 0, 0];
    const server = createServer((_, outgoing) => {
      all++;
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        outgoing.writeHead(200, HELD.headers).end();
      }, 2);
    });
    const host = await listen(server);
    const one = client();
    const found = await Promise.all(Array.from({ length: 200 }, (_, index) => one.resolve(`${host}/a${index}`, "t")));
    assert.deepEqual(new Set(found.map((manifest) => JSON.stringify(manifest))), new Set([JSON.stringify(FOUND)]));
    assert.deepEqual([most, all], [6, 200]);
  });
});
