import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Look, Put, StrictCalls } from "../../../components/registry";
import { AT_ONCE } from "../../../components/registry/turns";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply, type Seen } from "../../support/fakeRegistry";
import { OwnRegistry } from "../../support/ownRegistry";
import { startPrivateRegistry } from "../../support/privateRegistry";
import { AUTH, BASIC, client, MANIFEST, sha256 } from "./setup";

const CONTENT = '{"a":1}';
const HELD = { digest: sha256(CONTENT), mediaType: MANIFEST, bytes: Buffer.from(CONTENT) };
const THERE: Reply = { status: 200, headers: { "content-type": MANIFEST }, body: CONTENT };
const BASIC_CHALLENGE: Reply = { status: 401, headers: { "www-authenticate": "Basic" }, body: "log in" };
const LOOK = "GET /v2/a/manifests/t";
const PUT = "PUT /v2/a/manifests/t";

describe("strict calls for a tag", () => {
  const start = fakeRegistries();

  /** Looks and, if told so, puts: back to back. */
  const look = (strict: StrictCalls): Promise<Look | Put> => strict.look("t");
  const put = (strict: StrictCalls): Promise<Look | Put> => strict.put("t", HELD);
  const lookAndPut = async (strict: StrictCalls) => [await look(strict), await put(strict)];

  describe("are sent once each", () => {
    const failures: [string, Reply, RegExp, number | undefined][] = [
      [
        "429",
        { status: 429, headers: { "retry-after": "6" }, body: "slow" },
        / answered 429: slow \(Retry-After: 6\) \(tried 1 time\)/,
        6000,
      ],
      ["503", { status: 503, headers: { "retry-after": "60" } }, / answered 503: .*\(Retry-After: 60\)/, 10_000],
      ["503 without a pause", { status: 503, body: "busy" }, / answered 503: busy \(tried 1 time\)/, undefined],
      [
        "503 with a pause that is none",
        { status: 503, headers: { "retry-after": "soon" } },
        / answered 503/,
        undefined,
      ],
      ["500", { status: 500, body: "oops" }, / answered 500: oops \(tried 1 time\)/, undefined],
      ["502", { status: 502, headers: { "retry-after": "0" } }, / answered 502/, 0],
      ["a cut", "close", / did not answer: .* \(tried 1 time\)/, undefined],
      ["no answer", "hang", / did not answer: nothing within 0\.2 seconds \(tried 1 time\)/, undefined],
    ];
    for (const [what, reply, words, retryAfterMs] of failures) {
      const options = reply === "hang" ? { timeoutMs: 200 } : {};
      for (const [request, call, method] of [
        [LOOK, look, "GET"],
        [PUT, put, "PUT"],
      ] as const) {
        it(`${what} to ${method} is unanswered`, async () => {
          const registry = await start((seen) => (seen.url === "/v2/" ? { status: 200 } : reply));
          const told = await client(options).inOneTurn(`${registry.host}/a`, call);
          assert.equal(told.kind, "unanswered");
          assert.ok(told.kind === "unanswered" && words.test(told.why), JSON.stringify(told));
          assert.equal(told.retryAfterMs, retryAfterMs);
          assert.deepEqual(registry.requests, ["GET /v2/", request]);
        });
      }
    }

    it("a look finds an absence, or what is there", async () => {
      const registry = await start(() => ABSENT);
      assert.deepEqual(await client().inOneTurn(`${registry.host}/a`, look), { kind: "absent" });
      const held = await start(() => THERE);
      assert.deepEqual(await client().inOneTurn(`${held.host}/a`, look), { kind: "there", digest: HELD.digest });
      assert.deepEqual([...registry.requests, ...held.requests], ["GET /v2/", LOOK, "GET /v2/", LOOK]);
    });

    it("a put tags, or is refused", async () => {
      for (const status of [200, 201, 202]) {
        const registry = await start(({ url }) => ({ status: url === "/v2/" ? 200 : status }));
        assert.deepEqual(await client().inOneTurn(`${registry.host}/a`, put), { kind: "tagged" });
        assert.deepEqual(registry.requests, ["GET /v2/", PUT]);
        assert.deepEqual([registry.seen[1]?.body, registry.contentTypes[1]], [CONTENT, MANIFEST]);
      }
      for (const status of [400, 403, 404, 405, 409, 412, 422]) {
        const registry = await start(({ url }) => ({ status: url === "/v2/" ? 200 : status, body: "immutable" }));
        const told = await client().inOneTurn(`${registry.host}/a`, put);
        assert.deepEqual(told, { kind: "refused", status, words: "immutable" });
        assert.deepEqual(registry.requests, ["GET /v2/", PUT]);
      }
    });

    const unclear: [
      string,
      Reply,
      (strict: StrictCalls) => Promise<unknown>,
      "RegistryProtocol" | "RegistryUnauthorized",
    ][] = [
      ["a 404 that is no registry's", { status: 404, body: "<html>" }, look, "RegistryProtocol"],
      [
        "a 404 that denies access",
        { status: 404, body: { errors: [{ code: "DENIED" }] } },
        look,
        "RegistryUnauthorized",
      ],
      ["a 403 to the anonymous", { status: 403 }, look, "RegistryUnauthorized"],
      [
        "another digest",
        { ...THERE, headers: { "docker-content-digest": sha256("x"), "content-type": MANIFEST } },
        look,
        "RegistryProtocol",
      ],
      [
        "another digest for what was put",
        { status: 201, headers: { "docker-content-digest": sha256("x") } },
        put,
        "RegistryProtocol",
      ],
      ["another type", { status: 200, headers: { "content-type": "text/html" } }, look, "RegistryProtocol"],
      ["another status", { status: 418 }, put, "RegistryProtocol"],
      ["what is not HTTP", "garbage", put, "RegistryProtocol"],
      [
        "a redirect elsewhere",
        { status: 307, headers: { location: "http://registry.example/" } },
        put,
        "RegistryProtocol",
      ],
    ];
    for (const [what, reply, call, code] of unclear) {
      it(`${what} is ${code}`, async () => {
        const registry = await start(({ url }) => (url === "/v2/" ? { status: 200 } : reply));
        await errorOf(code, () => client().inOneTurn(`${registry.host}/a`, call));
        assert.equal(registry.requests.length, 2);
      });
    }

    it("and for nothing but a tag", async () => {
      const registry = await start(() => ABSENT);
      for (const tag of ["", "a/b", HELD.digest]) {
        await errorOf("InvalidArgument", () => client().inOneTurn(`${registry.host}/a`, (strict) => strict.look(tag)));
        await errorOf("InvalidArgument", () =>
          client().inOneTurn(`${registry.host}/a`, (strict) => strict.put(tag, HELD)),
        );
      }
      assert.deepEqual(new Set(registry.requests), new Set(["GET /v2/"]));
    });
  });

  describe("with a login", () => {
    /** A registry whose logins are tokens, of which each is taken as a test says. */
    const withTokens = (takes: (seen: Seen, token: number) => Reply) => {
      let given = 0;
      return start((seen, host) => {
        const { url, authorization } = seen;
        if (url.startsWith("/token")) {
          return { status: 200, body: { token: `T${++given}` } };
        }
        const challenged = { status: 401, headers: { "www-authenticate": `Bearer realm="http://${host}/token"` } };
        return authorization === undefined ? challenged : takes(seen, Number(authorization.slice("Bearer T".length)));
      });
    };
    const short = (requests: string[]) => requests.map((request) => request.replace(/\?.*/, ""));
    const TOKEN = "GET /token";

    it("is made before the first of them", async () => {
      const registry = await withTokens(({ method }) => (method === "GET" ? ABSENT : { status: 201 }));
      const told = await client({ auth: AUTH }).inOneTurn(`${registry.host}/a`, lookAndPut);
      assert.deepEqual(told, [{ kind: "absent" }, { kind: "tagged" }]);
      assert.deepEqual(short(registry.requests), ["GET /v2/", TOKEN, LOOK, PUT]);
    });

    it("that has ended is renewed before the call returns, and works then", async () => {
      let ended = 1;
      const registry = await withTokens(({ method }, token) =>
        token <= ended ? { ...bearer(registry.host), body: "ended" } : method === "GET" ? ABSENT : { status: 201 },
      );
      const one = client({ auth: AUTH });
      const turn = () => one.inOneTurn(`${registry.host}/a`, look);
      assert.deepEqual(await turn(), { kind: "loginEnded" });
      assert.deepEqual(short(registry.requests), ["GET /v2/", TOKEN, LOOK, TOKEN]);
      assert.deepEqual(await turn(), { kind: "absent" });
      ended = 2;
      assert.deepEqual(await one.inOneTurn(`${registry.host}/a`, put), { kind: "loginEnded" });
      assert.deepEqual(await one.inOneTurn(`${registry.host}/a`, lookAndPut), [{ kind: "absent" }, { kind: "tagged" }]);
      assert.deepEqual(short(registry.requests).slice(4), [LOOK, PUT, TOKEN, LOOK, PUT]);
    });

    for (const [request, call] of [
      [LOOK, look],
      [PUT, put],
    ] as const) {
      it(`that is refused when it is new, too, is RegistryUnauthorized: ${request}`, async () => {
        const registry = await withTokens(() => ({ ...bearer(registry.host), body: "never" }));
        const one = client({ auth: AUTH });
        assert.deepEqual(await one.inOneTurn(`${registry.host}/a`, call), { kind: "loginEnded" });
        const message = await errorOf("RegistryUnauthorized", () => one.inOneTurn(`${registry.host}/a`, call));
        assert.match(message, /refused access \(401\): never/);
        assert.deepEqual(short(registry.requests), ["GET /v2/", TOKEN, request, TOKEN, request]);
      });
    }

    it("that may read, but never write, is RegistryUnauthorized after it was renewed", async () => {
      const registry = await withTokens(({ method }) => (method === "GET" ? ABSENT : bearer(registry.host)));
      const one = client({ auth: AUTH });
      const told = await one.inOneTurn(`${registry.host}/a`, lookAndPut);
      assert.deepEqual(told, [{ kind: "absent" }, { kind: "loginEnded" }]);
      await errorOf("RegistryUnauthorized", () => one.inOneTurn(`${registry.host}/a`, lookAndPut));
    });

    it("that the token service refuses is RegistryUnauthorized, and nothing is asked", async () => {
      const registry = await start(({ url }, host) =>
        url === "/v2/" ? bearer(host) : { status: 403, body: { details: "no" } },
      );
      const message = await errorOf("RegistryUnauthorized", () =>
        client({ auth: AUTH }).inOneTurn(`${registry.host}/a`, look),
      );
      assert.match(message, /refused access \(403\): no/);
      assert.deepEqual(short(registry.requests), ["GET /v2/", TOKEN]);
    });

    it("for a repository that the token service does not know finds nothing", async () => {
      const registry = await start(({ url }, host) =>
        url === "/v2/" ? bearer(host) : { status: 404, body: { errors: [{ code: "NAME_UNKNOWN", message: "none" }] } },
      );
      const told = await client({ auth: AUTH }).inOneTurn(`${registry.host}/a`, lookAndPut);
      assert.deepEqual(told, [{ kind: "absent" }, { kind: "refused", status: 404, words: "NAME_UNKNOWN: none" }]);
    });

    it("is missing where only writing wants one, and is made then", async () => {
      const registry = await start(({ method, authorization, url }) =>
        method === "GET"
          ? url === "/v2/"
            ? { status: 200 }
            : ABSENT
          : authorization === BASIC
            ? { status: 201 }
            : BASIC_CHALLENGE,
      );
      const one = client({ auth: AUTH });
      const told = await one.inOneTurn(`${registry.host}/a`, lookAndPut);
      assert.deepEqual(told, [{ kind: "absent" }, { kind: "loginEnded" }]);
      assert.deepEqual(await one.inOneTurn(`${registry.host}/a`, lookAndPut), [{ kind: "absent" }, { kind: "tagged" }]);
      assert.deepEqual(registry.requests, ["GET /v2/", LOOK, PUT, LOOK, PUT]);
    });

    it("is missing for good: RegistryUnauthorized", async () => {
      const registry = await start(({ method, url }) =>
        method === "GET" ? (url === "/v2/" ? BASIC_CHALLENGE : ABSENT) : BASIC_CHALLENGE,
      );
      const message = await errorOf("RegistryUnauthorized", () => client().inOneTurn(`${registry.host}/a`, lookAndPut));
      assert.match(message, /refused access \(401\): log in. No credentials were sent/);
      assert.deepEqual(registry.requests, ["GET /v2/", LOOK, PUT]);
    });

    describe("of a credential helper", () => {
      let home: string;
      const secret = () => path.join(home, "secret");
      beforeEach(() => {
        home = mkdtempSync(path.join(tmpdir(), "docker-"));
        const script = `#!/bin/sh\necho asked >> ${home}/log\nsleep 0.3\necho "{\\"Username\\":\\"user\\",\\"Secret\\":\\"$(cat ${home}/secret)\\"}"\n`;
        writeFileSync(path.join(home, "docker-credential-slow"), script, { mode: 0o755 });
        writeFileSync(path.join(home, "config.json"), '{"credsStore":"slow"}');
        writeFileSync(secret(), "one");
      });
      afterEach(() => rmSync(home, { recursive: true }));
      const env = () => ({ DOCKER_CONFIG: home, PATH: `${home}:${process.env.PATH}` });
      const basicOf = (password: string) => `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;
      const asked = () => readFileSync(path.join(home, "log"), "utf8").trim().split("\n").length;

      for (const scheme of ["Basic", "Bearer"] as const) {
        it(`is never asked between look and put (${scheme})`, async () => {
          const events: string[] = [];
          const registry = await start(({ method, authorization, url }, host) => {
            if (url.startsWith("/token")) {
              return { status: 200, body: { token: "T" } };
            }
            events.push(`${method} ${url} ${authorization ? "logged in" : "anonymous"}, helper: ${askedOrNone()}`);
            if (method === "PUT") {
              const challenge = scheme === "Basic" ? BASIC_CHALLENGE : bearer(host);
              return authorization ? { status: 201 } : challenge;
            }
            return url === "/v2/" ? { status: 200 } : ABSENT;
          });
          const askedOrNone = () => {
            try {
              return asked();
            } catch {
              return 0;
            }
          };
          const one = client({ env: env() });
          const told = [await one.inOneTurn(`${registry.host}/a`, lookAndPut)];
          told.push(await one.inOneTurn(`${registry.host}/a`, lookAndPut));
          assert.deepEqual(told, [
            [{ kind: "absent" }, { kind: "loginEnded" }],
            [{ kind: "absent" }, { kind: "tagged" }],
          ]);
          assert.deepEqual(events, [
            "GET /v2/ anonymous, helper: 0",
            "GET /v2/a/manifests/t anonymous, helper: 0",
            "PUT /v2/a/manifests/t anonymous, helper: 0",
            "GET /v2/a/manifests/t logged in, helper: 1",
            "PUT /v2/a/manifests/t logged in, helper: 1",
          ]);
        });
      }

      it("is asked after a 403 whether it was refused for good", async () => {
        const registry = await start(({ method, authorization, url }) =>
          url === "/v2/" && !authorization
            ? BASIC_CHALLENGE
            : method === "GET"
              ? ABSENT
              : { status: 403, body: "immutable" },
        );
        const one = client({ env: env() });
        const turn = () => one.inOneTurn(`${registry.host}/a`, lookAndPut);
        assert.deepEqual(await turn(), [{ kind: "absent" }, { kind: "loginEnded" }]);
        assert.equal(asked(), 2);
        const refused = { kind: "refused", status: 403, words: "immutable" };
        assert.deepEqual(await turn(), [{ kind: "absent" }, refused]);
        assert.equal(asked(), 2);
        assert.deepEqual(registry.requests, ["GET /v2/", LOOK, PUT, LOOK, PUT]);
      });

      it("has others after a 403: they are taken", async () => {
        const registry = await start(({ method, authorization, url }) =>
          url === "/v2/" && !authorization
            ? BASIC_CHALLENGE
            : authorization !== basicOf("two")
              ? { status: 403, body: "expired" }
              : method === "GET"
                ? ABSENT
                : { status: 201 },
        );
        const one = client({ env: env() });
        const turn = () => one.inOneTurn(`${registry.host}/a`, lookAndPut);
        const ended = await one.inOneTurn(`${registry.host}/a`, async (strict) => {
          writeFileSync(secret(), "two");
          return look(strict);
        });
        assert.deepEqual(ended, { kind: "loginEnded" });
        assert.deepEqual(await turn(), [{ kind: "absent" }, { kind: "tagged" }]);
      });

      it("gives what is refused: RegistryUnauthorized", async () => {
        const registry = await start(({ authorization, url }) =>
          url === "/v2/" && !authorization ? BASIC_CHALLENGE : { status: 403, body: "expired" },
        );
        const one = client({ env: env() });
        assert.deepEqual(await one.inOneTurn(`${registry.host}/a`, look), { kind: "loginEnded" });
        await errorOf("RegistryUnauthorized", () => one.inOneTurn(`${registry.host}/a`, look));
      });
    });
  });

  it("hold a turn, into which none of many other clients comes", async () => {
    const registry = await start(({ method, url }) =>
      method === "PUT" ? { status: 201 } : url === "/v2/" ? { status: 200 } : ABSENT,
    );
    const others = Array.from({ length: 60 }, (_, i) => client().resolve(`${registry.host}/a`, `other${i}`));
    const told = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        client().inOneTurn(`${registry.host}/a`, async (strict) => [
          await strict.look(`t${i}`),
          await strict.put(`t${i}`, HELD),
        ]),
      ),
    );
    await Promise.all(others);
    assert.deepEqual(told, Array(60).fill([{ kind: "absent" }, { kind: "tagged" }]));
    const requests = registry.requests.filter((request) => request.includes("/manifests/t"));
    assert.equal(requests.length, 120);
    // So many tags were looked at and not put yet: as many as have a turn, whoever else waits.
    let open = 0;
    for (const request of requests) {
      open += request.startsWith("GET") ? 1 : -1;
      assert.ok(open <= AT_ONCE, `${open} at ${request}`);
    }
  });

  it("work with a real registry that wants a login", async function () {
    if (!OwnRegistry.isAvailable()) {
      this.skip();
    }
    const real = await startPrivateRegistry();
    try {
      const one = client({ auth: { username: "user", password: "canary-5f3a-secret" } });
      assert.deepEqual(await one.inOneTurn(`${real.host}/a`, look), { kind: "absent" });
      const config = { mediaType: "application/vnd.docker.container.image.v1+json", size: 2, digest: sha256("{}") };
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] }));
      const content = { digest: sha256(bytes.toString()), mediaType: MANIFEST, bytes };
      const lost = await one.inOneTurn(`${real.host}/a`, (strict) => strict.put("t", content));
      assert.equal(lost.kind === "refused" && lost.status, 400);
      await errorOf("RegistryUnauthorized", () => client().inOneTurn(`${real.host}/a`, look));
    } finally {
      await real.stop();
    }
  });
});

function bearer(host: string): Exclude<Reply, string> {
  return { status: 401, headers: { "www-authenticate": `Bearer realm="http://${host}/token"` } };
}
