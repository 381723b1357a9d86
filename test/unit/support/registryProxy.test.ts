import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { ABSENT, type FakeRegistry, fakeRegistries, type Seen } from "../../support/fakeRegistry";
import { slowHelper, WriteLogin } from "../../support/login";
import { always, anyMood, busy, hiddenUntilPush, losesBlob, lost, once } from "../../support/moods";
import { randomFrom } from "../../support/random";
import { type ProxyOptions, RegistryProxy } from "../../support/registryProxy";

const digestOf = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** What the tests of publishing see must be what really happened. */
describe("the registry in between", () => {
  const start = fakeRegistries();
  const proxies: RegistryProxy[] = [];

  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  /** One that keeps what it is given. */
  async function proxied(options: ProxyOptions): Promise<{ proxy: RegistryProxy; registry: FakeRegistry }> {
    const held = new Map<string, string>();
    const registry = await start(({ method, url, body }: Seen) => {
      if (method === "PUT") {
        held.set(url, body);
      }
      const content = held.get(url);
      const digest = content === undefined ? "" : digestOf(content);
      return content === undefined
        ? ABSENT
        : { status: method === "PUT" ? 201 : 200, headers: { "docker-content-digest": digest } };
    });
    const proxy = await RegistryProxy.start({ ...options, upstream: registry.host });
    proxies.push(proxy);
    return { proxy, registry };
  }

  it("waits for an address until who has it is done", async () => {
    const { proxy: first } = await proxied({});
    const waiting = proxied({ host: first.host });
    await first.stop();
    proxies.splice(0);
    const { proxy: second } = await waiting;
    assert.equal(second.host, first.host);
    assert.equal(await ask(second, "PUT", "/v2/app/manifests/t", "one"), 201);
  });

  /** The status of an answer; "cut" if the connection broke. */
  async function ask(proxy: RegistryProxy, method: string, path: string, body?: string, headers = {}) {
    return fetch(`http://${proxy.host}/v2/${path}`, {
      method,
      body,
      headers: { connection: "close", ...headers },
    }).then(
      ({ status }) => status,
      () => "cut",
    );
  }

  it("passes on what it has no mood for, and writes down what tags were set to and read as", async () => {
    const { proxy } = await proxied({});
    const scratch = "a/manifests/scratch-test-0123456789ab";
    assert.equal(await ask(proxy, "GET", "a/manifests/t"), 404);
    assert.equal(await ask(proxy, "PUT", scratch, "one"), 201);
    assert.equal(await ask(proxy, "PUT", "a/manifests/t", "one"), 201);
    assert.equal(await ask(proxy, "HEAD", "a/manifests/t"), 200);
    assert.equal(await ask(proxy, "PUT", "a/manifests/t", "two"), 201);
    assert.equal(await ask(proxy, "GET", `a/manifests/${digestOf("two")}`), 404);
    const short = (entries: RegistryProxy["written"]) => entries.map(({ spec, digest }) => [spec, digest]);
    assert.deepEqual(short(proxy.written), [
      ["a:t", digestOf("one")],
      ["a:t", digestOf("two")],
    ]);
    assert.deepEqual(short(proxy.served), [["a:t", digestOf("one")]]);
    assert.deepEqual(proxy.counts, { look: 2, content: 1, tag: 2, read: 1 });
  });

  it("answers in place of the registry, which hears of it only where that is wanted", async () => {
    const { proxy, registry } = await proxied({
      moods: [
        once("tag", busy(503, 6)),
        once("tag", { instead: "close" }),
        once("tag", { instead: "close", applied: true }),
        once("tag", { ...busy(504), applied: true }),
      ],
    });
    const put = (body: string) => ask(proxy, "PUT", "a/manifests/t", body);
    assert.deepEqual([await put("one"), await put("two")], [503, "cut"]);
    assert.deepEqual(registry.requests, []);
    assert.deepEqual([await put("three"), await put("four"), await put("five")], ["cut", 504, 201]);
    assert.deepEqual(
      proxy.written.map(({ digest }) => digest),
      ["three", "four", "five"].map(digestOf),
    );
  });

  it("is late before the registry hears of it, or after", async () => {
    const { proxy } = await proxied({ moods: [once("tag", { before: 300 }), once("tag", { after: 300 })] });
    const done: string[] = [];
    const put = (body: string) => ask(proxy, "PUT", "a/manifests/t", body).then(() => done.push(body));
    const late = put("applied late");
    await proxy.asked("tag");
    await put("answered late");
    await late;
    assert.deepEqual(
      proxy.written.map(({ digest }) => digest),
      [digestOf("answered late"), digestOf("applied late")],
    );
  });

  it("applies what comes late, though who asked is gone", async () => {
    const { proxy } = await proxied({ moods: [always("tag", { before: 200 })] });
    const applied = proxy.done("tag");
    const gone = fetch(`http://${proxy.host}/v2/a/manifests/t`, {
      method: "PUT",
      body: "one",
      signal: AbortSignal.timeout(100),
    });
    await assert.rejects(gone, { name: "TimeoutError" });
    assert.deepEqual(proxy.written, []);
    await applied;
    assert.equal(proxy.written.length, 1);
  });

  for (const immutable of [400, 409] as const) {
    it(`gives no tag to other content where tags are immutable, which is told by ${immutable}`, async () => {
      const { proxy } = await proxied({ immutable });
      const put = (path: string, body: string) => ask(proxy, "PUT", `a/manifests/${path}`, body);
      const together = await Promise.all([put("t", "one"), put("t", "two")]);
      assert.deepEqual(together.sort(), [201, immutable].sort());
      assert.deepEqual([proxy.refused, proxy.written.length], [1, 1]);
      assert.equal(await put("u", "one"), 201);
      assert.equal(await put("u", "one"), 201);
    });
  }

  it("hides tags until something is pushed, and loses one until it is set again", async () => {
    const { proxy } = await proxied({ moods: [hiddenUntilPush(), lost("gone")] });
    const look = (tag: string) => ask(proxy, "HEAD", `a/manifests/${tag}`);
    const put = (tag: string) => ask(proxy, "PUT", `a/manifests/${tag}`, "one");
    assert.equal(await look("t"), 404);
    assert.equal(await put("t"), 201);
    assert.deepEqual(
      [await look("t"), await look("gone"), await put("gone"), await look("gone")],
      [200, 404, 201, 200],
    );
  });

  it("can have lost a tag that was immutable", async () => {
    const { proxy } = await proxied({ immutable: 400 });
    const put = (body: string) => ask(proxy, "PUT", "a/manifests/t", body);
    assert.deepEqual([await put("one"), await put("two")], [201, 400]);
    proxy.moods.push(lost("t"));
    assert.deepEqual([await put("two"), await put("three")], [201, 400]);
  });

  it("loses a blob once", async () => {
    const { proxy } = await proxied({ moods: [losesBlob()] });
    const put = () => ask(proxy, "PUT", `a/manifests/${digestOf("one")}`, "one");
    assert.deepEqual([await put(), await put()], [400, 201]);
  });

  it("wants a password of who writes alone", async () => {
    const { proxy } = await proxied({ moods: [new WriteLogin("Basic").behaviour] });
    const headers = { authorization: `Basic ${Buffer.from("user:write-7c1d-secret").toString("base64")}` };
    assert.deepEqual(
      [
        await ask(proxy, "HEAD", "a/manifests/t"),
        await ask(proxy, "PUT", "a/manifests/t", "one"),
        await ask(proxy, "PUT", "a/manifests/t", "one", { authorization: "Basic eDp5" }),
        await ask(proxy, "PUT", "a/manifests/t", "one", headers),
      ],
      [404, 401, 401, 201],
    );
  });

  it("wants a token of who writes alone, which can end", async () => {
    const login = new WriteLogin("Bearer");
    const { proxy } = await proxied({ moods: [login.behaviour] });
    const put = (authorization: string) => ask(proxy, "PUT", "a/manifests/t", "one", { authorization });
    const tokenOf = async (scope: string, headers: Record<string, string>) => {
      const answer = await fetch(`http://${proxy.host}/token?scope=repository:a:${scope}`, { headers });
      return answer.status === 200 ? `Bearer ${((await answer.json()) as { token: string }).token}` : answer.status;
    };
    const basic = { authorization: `Basic ${Buffer.from("user:write-7c1d-secret").toString("base64")}` };
    assert.equal(await tokenOf("pull,push", {}), 401);
    assert.equal(await put(String(await tokenOf("pull", {}))), 401);
    const token = String(await tokenOf("pull,push", basic));
    assert.equal(await put(token), 201);
    proxy.moods.unshift(login.endTokenAtTag());
    assert.deepEqual([await put(token), await put(token)], [401, 401]);
    assert.equal(await put(String(await tokenOf("pull,push", basic))), 201);
    assert.equal(login.given, 2);
  });

  it("has each of its moods by a seed, and less than a second between a look that may be acted on and its tag", () => {
    const asked = { url: "", host: "", reference: "t", authorization: undefined, range: undefined, byDaemon: false };
    const random = randomFrom(1);
    const kinds = new Set<string>();
    for (let version = 0; version < 400; version++) {
      const mood = anyMood(random);
      const look = mood({ ...asked, kind: "look", method: "HEAD" });
      const tag = mood({ ...asked, kind: "tag", method: "PUT" });
      const { instead } = tag ?? {};
      const answer = typeof instead === "object" ? instead.status : (instead ?? 201);
      kinds.add(`${answer} ${tag?.applied ?? instead === undefined}`);
      assert.ok(Number(tag?.before ?? 0) < 400, JSON.stringify(tag));
      assert.ok((look?.after ?? 0) < 400 || look?.after === 600, JSON.stringify(look));
      assert.equal(look?.before, undefined);
    }
    assert.deepEqual([...kinds].sort(), [
      "201 true",
      "429 false",
      "502 false",
      "503 false",
      "504 true",
      "close false",
      "close true",
    ]);
  });

  it("gives up its faults after two of one thing, and has none for daemons", () => {
    const mood = anyMood(() => 0.5);
    const asked = { url: "", host: "", reference: "t", authorization: undefined, range: undefined, byDaemon: false };
    const tag = () => mood({ ...asked, kind: "tag", method: "PUT" })?.instead !== undefined;
    assert.deepEqual([tag(), tag(), tag()], [true, true, false]);
    assert.deepEqual(mood({ ...asked, kind: "content", method: "PUT", byDaemon: true }), { after: 50 });
  });

  it("is logged in to by a helper that takes its time", () => {
    const helper = slowHelper("127.0.0.1:5000", 0.1);
    try {
      const env = { ...process.env, ...helper.env };
      const answer = execFileSync("docker-credential-slow", ["get"], {
        env,
        input: "127.0.0.1:5000",
        encoding: "utf8",
      });
      assert.deepEqual(JSON.parse(answer), {
        ServerURL: "127.0.0.1:5000",
        Username: "user",
        Secret: "write-7c1d-secret",
      });
    } finally {
      helper.dispose();
    }
  });
});
