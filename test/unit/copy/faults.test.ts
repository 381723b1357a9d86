import * as assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { copyImage } from "../../../components/copy";
import { createRegistryClient } from "../../../components/registry";
import { errorOf } from "../../support/assertError";
import { ABSENT } from "../../support/fakeRegistry";
import { pushIndex, pushList, pushReferrer } from "../../support/images";
import { type Address, twoRegistries } from "../../support/ownRegistry";
import { type Behaviour, denial, RegistryProxy } from "../../support/registryProxy";
import { sha256 } from "../registry/setup";

const TAG = "1234567";

/** How many bytes a layer has here: several chunks, in several packets. */
const LAYER = 4_000_000;

describe("copying through a network with faults", () => {
  const [staging, production] = twoRegistries();
  let number = 0;
  const proxies: RegistryProxy[] = [];

  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  async function through(upstream: Address, ...moods: Behaviour[]): Promise<RegistryProxy> {
    const proxy = await RegistryProxy.start({ upstream: upstream.host, moods });
    proxies.push(proxy);
    return proxy;
  }

  async function copied(source: RegistryProxy, target: RegistryProxy, platforms = ["amd64"], layer = LAYER) {
    const name = `app${number++}`;
    const { digest } = await pushIndex(`${staging.host}/${name}`, TAG, {}, { platforms, layer });
    const registry = createRegistryClient({ env: {}, pauseMs: 1, timeoutMs: 1_000 });
    const copy = () =>
      copyImage(
        {
          from: { registry, repository: `${source.host}/${name}` },
          to: { registry, repository: `${target.host}/copy-of/${name}` },
          digest,
          tag: TAG,
        },
        {
          command: "versioned-image copy",
          dryRun: false,
          clock: { now: () => 0, sleep: async () => {} },
          sent: () => {},
          say: { progress: () => {}, warn: () => {} },
        },
      );
    const held = async (by = production) => (await registry.resolve(`${by.host}/copy-of/${name}`, TAG))?.digest;
    return { copy, held, digest };
  }

  /** What happens to the first requests that a rule fits, in turn. */
  function first(fits: (url: string, method: string) => boolean, ...moods: ReturnType<Behaviour>[]): Behaviour {
    return (asked) => (fits(asked.url, asked.method) ? moods.shift() : undefined);
  }

  const isBlob = (url: string, method: string) => method === "GET" && /\/blobs\/sha256/.test(url);
  const isUpload = (url: string, method: string) => method === "PUT" && /\/blobs\/uploads/.test(url);

  it("goes on where the source's connection was cut, and asks for no byte twice", async () => {
    const ranges: (string | undefined)[] = [];
    const source = await through(staging, (asked) => {
      if (!isBlob(asked.url, asked.method)) {
        return undefined;
      }
      ranges.push(asked.range);
      return { cutAfter: 1_500_000 };
    });
    const { copy, held, digest } = await copied(source, await through(production));
    assert.deepEqual(
      { ...(await copy()), size: 0, bytes: 0 },
      {
        outcome: "copied",
        size: 0,
        bytes: 0,
        attached: 0,
        there: 0,
        mounted: 0,
        sent: 2,
      },
    );
    assert.equal(await held(), digest);
    const parts = ranges.filter((range) => range !== undefined);
    assert.equal(parts.length, 2);
    assert.ok(
      parts.every((range) => /^bytes=[1-9]\d*-$/.test(range)),
      parts.join(),
    );
  });

  /** Sends the parts one by one, and then breaks off. */
  async function streamed(size: number, ...parts: string[]) {
    const server = createServer(async ({ url = "", headers }, response) => {
      if (!url.includes("/blobs/")) {
        response.end();
        return;
      }
      if (headers.range !== undefined) {
        response.writeHead(416).end();
        return;
      }
      for (const part of parts) {
        response.write(part);
        await sleep(20);
      }
      response.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const registry = createRegistryClient({ env: {}, pauseMs: 1 });
      const read: Buffer[] = [];
      const blob = { digest: sha256(parts.join("").slice(0, size)), size, mediaType: "" };
      await registry.transfers(`127.0.0.1:${port}/app`).stream(blob, async (chunk) => void read.push(chunk));
      return Buffer.concat(read).toString();
    } finally {
      server.close();
    }
  }

  it("lacks nothing where the source breaks off behind the last byte", async () => {
    assert.equal(await streamed(6, "abc", "def"), "abcdef");
  });

  it("says that there is more than all of it", async () => {
    const message = await errorOf("RegistryProtocol", () => streamed(6, "abc", "def", "ghi"));
    assert.match(message, /more than the 6 bytes of sha256:/);
  });

  it("asks again a source that is busy", async () => {
    const busy = { instead: denial(503, "UNAVAILABLE", "busy") };
    const source = await through(staging, first(isBlob, busy, busy));
    const { copy, held, digest } = await copied(source, await through(production));
    assert.equal((await copy()).outcome, "copied");
    assert.equal(await held(), digest);
  });

  it("begins an upload anew that the target cut off, or was too busy for", async () => {
    const target = await through(
      production,
      first(isUpload, { instead: "close" }, { instead: denial(503, "UNAVAILABLE", "busy") }),
    );
    const { copy, held, digest } = await copied(await through(staging), target);
    assert.equal((await copy()).outcome, "copied");
    assert.equal(await held(), digest);
  });

  it("sets no tag where the target takes no more, and goes on from there the next time", async () => {
    const full = { instead: denial(503, "UNAVAILABLE", "no space left on device") };
    const target = await through(production, first(isUpload, full, full, full, full, full, full));
    const { copy, held, digest } = await copied(await through(staging), target);
    const message = await errorOf("RegistryUnavailable", copy);
    assert.match(message, /no space left on device/);
    assert.equal(await held(), undefined);
    target.moods.splice(0);
    assert.equal((await copy()).outcome, "copied");
    assert.equal(await held(), digest);
  });

  it("sends what the target does not say to have", async () => {
    const noTag: Behaviour = ({ kind }) => (kind === "tag" ? { instead: denial(403, "DENIED", "not yet") } : undefined);
    const target = await through(production, noTag);
    // More than is read of an answer that is held.
    const { copy, held, digest } = await copied(await through(staging), target, ["amd64"], 9_000_000);
    await errorOf("TagRefused", copy);
    target.moods.splice(0, 1, ({ method, url }) =>
      method === "HEAD" && url.includes("/blobs/") ? { instead: { status: 502 } } : undefined,
    );
    const { there, sent } = await copy();
    assert.deepEqual([there, sent], [0, 2]);
    assert.equal(await held(), digest);
  });

  it("says that the target has lost the tag, and that it will be copied again", async () => {
    const target = await through(production, ({ kind }) => (kind === "tag" ? { instead: { status: 201 } } : undefined));
    const { copy, held, digest } = await copied(await through(staging), target);
    const message = await errorOf("ContentLost", copy);
    assert.match(message, /no longer had the tag\. .*, then run `versioned-image copy` to push it again\.$/);
    target.moods.splice(0);
    assert.equal((await copy()).outcome, "copied");
    assert.equal(await held(), digest);
  });

  it("says what the target refuses, and sets no tag", async () => {
    const target = await through(production, first(isUpload, { instead: denial(413, "SIZE_INVALID", "too large") }));
    const { copy, held } = await copied(await through(staging), target);
    const message = await errorOf("PushRefused", copy);
    assert.match(
      message,
      /refuses to store the blob sha256:[0-9a-f]{64} \(\d+ bytes\) of sha256:.* in .* \(status 413: SIZE_INVALID: too large\)/,
    );
    assert.equal(await held(), undefined);
  });

  it("gives nothing on that has another digest, and sets no tag", async () => {
    const wrong = { instead: { status: 200, body: Buffer.alloc(LAYER) } };
    const source = await through(staging, first(isBlob, wrong, wrong));
    const { copy, held } = await copied(source, await through(production));
    const message = await errorOf("RegistryProtocol", copy);
    assert.match(message, /under the digest sha256|more than the \d+ bytes of sha256/);
    assert.equal(await held(), undefined);
  });

  it("ends at a source that stands still", async () => {
    const source = await through(staging, (asked) =>
      isBlob(asked.url, asked.method) ? { instead: "hang" } : undefined,
    );
    const { copy, held } = await copied(source, await through(production));
    const message = await errorOf("RegistryUnavailable", copy);
    assert.match(message, /nothing within 1 seconds/);
    assert.equal(await held(), undefined);
  });

  it("says which blob the source lacks", async () => {
    const source = await through(staging, (asked) =>
      isBlob(asked.url, asked.method) ? { instead: denial(404, "BLOB_UNKNOWN", "blob unknown") } : undefined,
    );
    const { copy, held } = await copied(source, await through(production));
    const message = await errorOf("NotCopyable", copy);
    assert.match(message, /can't be copied: the registry lacks the blob sha256:/);
    assert.equal(await held(), undefined);
  });

  it("uploads what a registry of both does not mount", async () => {
    const target = await through(staging, (asked) =>
      /\?mount=/.test(asked.url) ? { instead: denial(405, "UNSUPPORTED", "no mounts") } : undefined,
    );
    // More blobs at once than the host's turns for reading and writing have room for.
    const { copy, held, digest } = await copied(target, target, ["amd64", "arm64", "s390x", "ppc64le"]);
    const { sent, mounted } = await copy();
    assert.deepEqual([sent, mounted], [8, 0]);
    assert.equal(await held(staging), digest);
  });

  it("lists all that refers to an image at once, for a target that lets a tag be set only once", async () => {
    const target = await RegistryProxy.start({ upstream: production.host, immutable: 409 });
    proxies.push(target);
    const { copy, held, digest } = await copied(await through(staging), target);
    const name = `app${number - 1}`;
    const referrers = [
      await pushReferrer(`${staging.host}/${name}`, digest, "application/vnd.example.sbom"),
      await pushReferrer(`${staging.host}/${name}`, digest, "application/vnd.example.signature"),
    ];
    await pushList(`${staging.host}/${name}`, digest, referrers);
    assert.equal((await copy()).attached, 2);
    assert.equal(await held(), digest);
    const client = createRegistryClient({ env: {} });
    const list = await client.manifest(`${production.host}/copy-of/${name}`, digest.replace(":", "-"));
    assert.deepEqual(JSON.parse(String(list?.bytes)).manifests, referrers);
  });

  it("says who lists a signature that the source has lost", async () => {
    let lost = "";
    const source = await through(staging, ({ reference }) => (reference === lost ? { instead: ABSENT } : undefined));
    const { copy, held, digest } = await copied(source, await through(production));
    const from = `${staging.host}/app${number - 1}`;
    const signature = await pushReferrer(from, digest, "application/vnd.example.signature");
    await pushList(from, digest, [signature]);
    lost = signature.digest;
    const message = await errorOf("NotCopyable", copy);
    assert.ok(
      message.includes(
        `lacks the manifest ${signature.digest}. Nothing was tagged. It is listed as a referrer of ${digest}`,
      ),
      message,
    );
    assert.equal(await held(), undefined);
  });
});
