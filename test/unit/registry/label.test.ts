import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import type { Labelled } from "../../../components/registry";
import { createRegistryClient } from "../../../components/registry";
import { errorOf } from "../../support/assertError";
import { ABSENT, type FakeRegistry, fakeRegistries, type Reply, type Seen } from "../../support/fakeRegistry";
import { LONG } from "../../support/long";
import { OwnRegistry } from "../../support/ownRegistry";
import { AUTH, BASIC, client, INDEX, MANIFEST, sha256 } from "./setup";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const LABELS = { "dev.v.tag": "1", "dev.v.dirty": "" };

/** What a registry holds, by digest. */
class Store {
  readonly manifests = new Map<string, { type: string; bytes: Buffer }>();
  readonly blobs = new Map<string, Buffer>();

  blob(bytes: string | Buffer): string {
    const digest = digestOf(Buffer.from(bytes));
    this.blobs.set(digest, Buffer.from(bytes));
    return digest;
  }

  manifest(type: string, content: object): string {
    const bytes = Buffer.from(JSON.stringify(content, undefined, 3));
    const digest = digestOf(bytes);
    this.manifests.set(digest, { type, bytes });
    return digest;
  }

  /** An image of a configuration. */
  image(config: string | Buffer, { type = OCI, ...more }: { type?: string; annotations?: object } = {}): string {
    const descriptor = { mediaType: OCI_CONFIG, digest: this.blob(config), size: Buffer.from(config).length };
    return this.manifest(type, { schemaVersion: 2, config: descriptor, layers: [{ mediaType: OCI_LAYER }], ...more });
  }

  answer({ method, url, body }: Seen): Reply {
    const [path = "", query = ""] = url.split("?");
    const [, kind, name = ""] = /^\/v2\/a\/(manifests|blobs)\/(.*)$/.exec(path) ?? [];
    if (method === "POST") {
      return { status: 202, headers: { location: "/upload/1?_state=a%2Bb=" } };
    }
    if (method === "PUT" && path === "/upload/1") {
      const digest = new URLSearchParams(query).get("digest");
      assert.equal(digest, this.blob(body));
      return { status: 201, headers: { "docker-content-digest": digest } };
    }
    if (method === "PUT") {
      this.manifests.set(name, { type: OCI, bytes: Buffer.from(body) });
      return { status: 201 };
    }
    const manifest = this.manifests.get(name);
    if (kind === "manifests" && manifest) {
      return { status: 200, headers: { "content-type": manifest.type }, body: manifest.bytes };
    }
    const blob = this.blobs.get(name);
    return kind === "blobs" && blob ? { status: 200, body: blob } : ABSENT;
  }

  /** The labelled image's manifest and configuration, as text. */
  read(labelled: Labelled): { manifest: Record<string, unknown>; config: string } {
    const { content } = contentOf(labelled);
    const manifest = JSON.parse(content.bytes.toString()) as { config: { digest: string } };
    return { manifest, config: this.blobs.get(manifest.config.digest)?.toString() ?? "" };
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function contentOf(labelled: Labelled): Extract<Labelled, { kind: "labelled" }> {
  assert.equal(labelled.kind, "labelled");
  return labelled as Extract<Labelled, { kind: "labelled" }>;
}

describe("labelling an image in the registry", () => {
  const start = fakeRegistries();
  let store: Store;
  let registry: FakeRegistry;

  beforeEach(async () => {
    store = new Store();
    registry = await start((seen) => store.answer(seen));
  });

  const label = (digest: string, labels: Record<string, string> = LABELS) =>
    client().label(`${registry.host}/a`, digest, labels);
  const labelsOf = async (config: string, labels: Record<string, string>) =>
    store.read(await label(store.image(config), labels)).config;

  it("puts the configuration and then the manifest, by their digests", async () => {
    const digest = store.image(
      '{"os":"linux","config":{"Cmd":["a"],"Labels":{"dev.v.dirty":"true","b":"c"}},"history":[]}',
    );
    const { content } = contentOf(await label(digest));
    const config =
      '{"os":"linux","config":{"Cmd":["a"],"Labels":{"b":"c","dev.v.dirty":"","dev.v.tag":"1"}},"history":[]}';
    const manifest = JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: OCI_CONFIG, digest: sha256(config), size: config.length },
      layers: [{ mediaType: OCI_LAYER }],
      annotations: { "dev.v.tag": "1" },
    });
    assert.deepEqual(content, { digest: sha256(manifest), mediaType: OCI, bytes: Buffer.from(manifest) });
    const old = JSON.parse(store.manifests.get(digest)?.bytes.toString() ?? "").config.digest;
    assert.deepEqual(registry.requests, [
      `GET /v2/a/manifests/${digest}`,
      `GET /v2/a/blobs/${old}`,
      "POST /v2/a/blobs/uploads/",
      `PUT /upload/1?_state=a%2Bb=&digest=${encodeURIComponent(sha256(config))}`,
      `PUT /v2/a/manifests/${sha256(manifest)}`,
    ]);
    assert.deepEqual(
      registry.seen.slice(3).map(({ body }) => body),
      [config, manifest],
    );
    assert.deepEqual(registry.contentTypes.slice(3), ["application/octet-stream", OCI]);
  });

  it("makes annotations of OCI manifests alone, and leaves out those that are empty", async () => {
    const annotations = { z: "1", "dev.v.dirty": "true", "dev.v.tag": "0" };
    const oci = store.read(await label(store.image("{}", { annotations })));
    assert.deepEqual(Object.entries(oci.manifest.annotations ?? {}), [
      ["dev.v.tag", "1"],
      ["z", "1"],
    ]);
    const docker = store.read(await label(store.image("{}", { type: MANIFEST, annotations })));
    assert.deepEqual(docker.manifest.annotations, annotations);
    const none = store.read(await label(store.image("{}"), { a: "" }));
    assert.equal("annotations" in none.manifest, false);
    assert.equal(none.config, '{"config":{"Labels":{"a":""}}}');
  });

  it("takes the former configuration out of the descriptor", async () => {
    const config = {
      mediaType: OCI_CONFIG,
      digest: store.blob("{}"),
      size: 2,
      data: "e30=",
      urls: ["https://h/x"],
      x: 1,
    };
    const { manifest } = store.read(await label(store.manifest(OCI, { config, layers: [] })));
    const text = '{"config":{"Labels":{"dev.v.dirty":"","dev.v.tag":"1"}}}';
    assert.deepEqual(manifest.config, { mediaType: OCI_CONFIG, digest: sha256(text), size: text.length, x: 1 });
  });

  it("uploads nothing where the labels are there already", async () => {
    const { content } = contentOf(await label(store.image("{}")));
    const before = registry.requests.length;
    assert.deepEqual(await label(content.digest), { kind: "labelled", content });
    assert.deepEqual(
      registry.requests.slice(before).map((request) => request.split(" ")[0]),
      ["GET", "GET"],
    );
  });

  it("keeps what JavaScript would change", async () => {
    const kept =
      '"a":9223372036854775807,"b":1.0,"c":-0,"d":1e400,"e":1E2,"f":0.1000,"g":{"__proto__":{"toJSON":1}},"h":"\\ud800"';
    assert.equal(
      await labelsOf(`{${kept},"config":{"Healthcheck":{"Interval":9007199254740993},"Labels":null}}`, { x: "y" }),
      `{${kept},"config":{"Healthcheck":{"Interval":9007199254740993},"Labels":{"x":"y"}}}`,
    );
    assert.equal(
      await labelsOf('{"config":{"Labels":{"__proto__":"p","10":"ten","9":"nine","b":"c"}}}', { a: "" }),
      '{"config":{"Labels":{"9":"nine","10":"ten","__proto__":"p","a":"","b":"c"}}}',
    );
    const named = JSON.parse('{"__proto__":"q","constructor":""}') as Record<string, string>;
    const { manifest, config } = store.read(await label(store.image("{}"), named));
    assert.equal(config, '{"config":{"Labels":{"__proto__":"q","constructor":""}}}');
    assert.deepEqual(Object.entries(manifest.annotations ?? {}), [["__proto__", "q"]]);
  });

  it("gives the same bytes in whatever order labels come, and of what is labelled itself", async () => {
    const number = fc.oneof(fc.bigInt(), fc.double({ noNaN: true, noDefaultInfinity: true })).map(String);
    const key = fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom("__proto__", "toJSON", "rawJSON"));
    const labels = fc.uniqueArray(fc.tuple(key, fc.string()), { selector: ([name]) => name, maxLength: 6 });
    const object = (entries: [string, string][]) =>
      `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${v}`).join(",")}}`;
    const fields = fc.array(fc.tuple(key, fc.oneof(number, fc.json())), { maxLength: 6 }).map(object);
    const shuffled = labels.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    await fc.assert(
      fc.asyncProperty(fields, labels, shuffled, async (more, inherited, [given, other]) => {
        const own = inherited.map(([name, value]): [string, string] => [name, JSON.stringify(value)]);
        const digest = store.image(`{"config":{"more":${more},"Labels":${object(own)}}}`);
        const one = await label(digest, Object.fromEntries(given));
        assert.deepEqual(await label(digest, Object.fromEntries(other)), one);
        assert.deepEqual(await label(contentOf(one).content.digest, Object.fromEntries(other)), one);
        const found = JSON.parse(store.read(one).config).config.Labels as Record<string, string>;
        assert.deepEqual(found, { ...Object.fromEntries(inherited), ...Object.fromEntries(given) });
      }),
      { numRuns: LONG ? 60 : 20 },
    );
  });

  it("keeps every number as it is written", async () => {
    const number = fc.tuple(
      fc.constantFrom("", "-"),
      fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
      fc.oneof(fc.constant(""), fc.stringMatching(/^\.[0-9]{1,20}$/)),
      fc.oneof(fc.constant(""), fc.stringMatching(/^[eE][+-]?[0-9]{1,4}$/)),
    );
    const written = fc
      .array(
        number.map((parts) => parts.join("")),
        { maxLength: 20 },
      )
      .map((all) => `[${all.join(",")}]`);
    await fc.assert(
      fc.asyncProperty(written, async (numbers) => {
        assert.equal(await labelsOf(`{"n":${numbers}}`, {}), `{"n":${numbers},"config":{"Labels":{}}}`);
      }),
      { numRuns: LONG ? 60 : 20 },
    );
  });

  describe("of an index", () => {
    const attestation = (digest: string, image: string) => ({
      mediaType: OCI,
      digest,
      size: 5,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image,
        x: "y",
      },
    });
    const entry = (digest: string, architecture: string) => ({
      mediaType: OCI,
      digest,
      size: 1,
      data: "e30=",
      platform: { os: "linux", architecture },
    });

    it("labels each image, and what belongs to it follows", async () => {
      const one = store.image('{"os":"one"}');
      const two = store.image('{"os":"two"}');
      const others = [
        { mediaType: "text/x", digest: sha256("x"), size: 3 },
        { mediaType: OCI, digest: `sha384:${"0".repeat(96)}`, size: 3 },
        { mediaType: INDEX, digest: sha256("y"), size: 3 },
        { mediaType: OCI, digest: sha256("z"), size: 3, artifactType: "application/x" },
        null,
      ];
      const manifests = [entry(one, "amd64"), entry(two, "arm64"), attestation(sha256("att"), one), ...others];
      const index = store.manifest(INDEX, { schemaVersion: 2, manifests });
      const { content } = contentOf(await label(index));
      const made = await Promise.all([one, two].map(async (digest) => contentOf(await label(digest)).content));
      const moved = made.map(({ digest, bytes }, i) => {
        const { data: _, ...kept } = entry(digest, ["amd64", "arm64"][i] ?? "");
        return { ...kept, size: bytes.length };
      });
      assert.deepEqual(JSON.parse(content.bytes.toString()), {
        schemaVersion: 2,
        manifests: [...moved, attestation(sha256("att"), made[0]?.digest ?? ""), ...others],
        annotations: { "dev.v.tag": "1" },
      });
      assert.equal(content.mediaType, INDEX);
      assert.equal(registry.contentTypes[registry.requests.indexOf(`PUT /v2/a/manifests/${content.digest}`)], INDEX);
      store.manifests.set(content.digest, { type: INDEX, bytes: content.bytes });
      assert.deepEqual(contentOf(await label(content.digest)).content, content);
    });

    it("leaves an artifact as it is, and is absent without one of its images", async () => {
      const chart = store.manifest(OCI, { config: { mediaType: "application/vnd.cncf.helm.config.v1+json" } });
      const image = store.image("{}");
      const mixed = store.manifest(INDEX, { manifests: [entry(chart, "amd64"), entry(image, "arm64")] });
      const { manifests } = JSON.parse(contentOf(await label(mixed)).content.bytes.toString());
      assert.deepEqual(manifests[0], entry(chart, "amd64"));
      const sparse = store.manifest(INDEX, { manifests: [entry(image, "amd64"), entry(sha256("gone"), "arm64")] });
      assert.deepEqual(await label(sparse), { kind: "absent" });
    });

    it("without an image is PlatformNotFound", async () => {
      const message = await errorOf("PlatformNotFound", () =>
        label(store.manifest(INDEX, { manifests: [attestation(sha256("x"), sha256("y"))] })),
      );
      assert.match(message, /an index with nothing to run: it holds an attestation, but no image/);
    });
  });

  describe("that is not as it should be", () => {
    it("is absent where the manifest or the configuration is", async () => {
      assert.deepEqual(await label(sha256("gone")), { kind: "absent" });
      const config = { mediaType: OCI_CONFIG, digest: sha256("gone"), size: 4 };
      assert.deepEqual(await label(store.manifest(OCI, { config, layers: [] })), { kind: "absent" });
    });

    for (const [what, config] of [
      ["no JSON", "{"],
      ["a list", "[]"],
      ["a number", "1e400"],
      ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ["with a byte order mark", "\ufeff{}"],
      ["nested too deep", `{"a":${"[".repeat(2e5)}${"]".repeat(2e5)}}`],
      ["of no fields", '{"config":1e400}'],
      ["of labels that are none", '{"config":{"Labels":["a"]}}'],
    ] as const) {
      it(`is RegistryProtocol for a configuration ${what}`, async () => {
        await errorOf("RegistryProtocol", () => label(store.image(config)));
        assert.deepEqual(
          registry.seen.map(({ method }) => method),
          ["GET", "GET"],
        );
      });
    }

    it("is refused where its content is another than its digest's", async () => {
      const digest = store.image("{}");
      store.manifests.set(digest, { type: OCI, bytes: Buffer.from("{}") });
      await errorOf("RegistryProtocol", () => label(digest));
      const other = store.image('{"a":1}');
      store.blobs.set(sha256('{"a":1}'), Buffer.from("{}"));
      await errorOf("RegistryProtocol", () => label(other));
    });

    it("is refused before it is read where the configuration is huge, and while it is read where that was not said", async () => {
      const huge = `{"a":"${"x".repeat(8 * 1024 * 1024)}"}`;
      const digest = store.image(huge);
      assert.match(
        await errorOf("RegistryProtocol", () => label(digest)),
        new RegExp(
          `@${digest} in the registry .* has a configuration of ${huge.length} bytes; the limit is 8388608\\.`,
        ),
      );
      await errorOf("RegistryProtocol", () => client().inspect(`${registry.host}/a`, digest, ""));
      assert.deepEqual(registry.requests, Array(2).fill(`GET /v2/a/manifests/${digest}`));
      const config = { mediaType: OCI_CONFIG, digest: store.blob(huge), size: 5 };
      const message = await errorOf("RegistryProtocol", () => label(store.manifest(OCI, { config, layers: [] })));
      assert.match(message, /its answer is longer than 8388608 bytes/);
    });

    it("is NotAnImage for an artifact and for schema 1", async () => {
      const chart = { config: { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: sha256("x") } };
      await errorOf("NotAnImage", () => label(store.manifest(OCI, chart)));
      const first = "application/vnd.docker.distribution.manifest.v1+prettyjws";
      await errorOf("NotAnImage", () => label(store.manifest(first, { schemaVersion: 1 })));
    });
  });

  describe("that the registry does not take", () => {
    const DENIED = { status: 403, body: { errors: [{ code: "DENIED", message: "by policy" }] } };
    const isBlob = ({ method, url }: Seen) => method === "PUT" && url.startsWith("/upload");
    const isManifest = ({ method, url }: Seen) => method === "PUT" && url.startsWith("/v2");
    const steps: [string, (seen: Seen) => boolean][] = [
      ["beginning", ({ method }) => method === "POST"],
      ["configuration", isBlob],
      ["manifest", isManifest],
    ];

    for (const [what, isIt] of steps) {
      for (const status of [400, 403, 404, 405, 409, 412, 422]) {
        it(`is a value: the ${what} is answered by ${status}`, async () => {
          const refusing = await start((seen) => (isIt(seen) ? { ...DENIED, status } : store.answer(seen)));
          assert.deepEqual(await client().label(`${refusing.host}/a`, store.image("{}"), LABELS), {
            kind: "refused",
            status,
            words: "DENIED: by policy",
          });
        });
      }
    }

    for (const [what, isIt] of steps) {
      it(`is done once more from the start where content went meanwhile: the ${what}`, async () => {
        for (const [code, status] of [
          ["BLOB_UNKNOWN", 404],
          ["MANIFEST_BLOB_UNKNOWN", 400],
          ["BLOB_UPLOAD_UNKNOWN", 404],
        ] as const) {
          const lost = { status, body: { errors: [{ code, message: "gone" }] } };
          let times = 1;
          const forgetful = await start((seen) => (isIt(seen) && times-- > 0 ? lost : store.answer(seen)));
          const digest = store.image(`{"a":"${code} ${what}"}`);
          contentOf(await client().label(`${forgetful.host}/a`, digest, LABELS));
          assert.equal(forgetful.requests.filter((request) => request === `GET /v2/a/manifests/${digest}`).length, 2);
          times = 2;
          const another = store.image(`{"b":"${code} ${what}"}`);
          assert.deepEqual(await client().label(`${forgetful.host}/a`, another, LABELS), {
            kind: "refused",
            status,
            words: `${code}: gone`,
          });
        }
      });
    }

    for (const isThere of [true, false]) {
      it(`goes on where an upload had ended, but its answer was cut each time, and the blob is ${isThere ? "" : "not "}there`, async () => {
        let uploads = 0;
        const cutting = await start((seen) => {
          if (!isBlob(seen)) {
            return store.answer(seen);
          }
          uploads++;
          const unknown = { status: 404, body: { errors: [{ code: "BLOB_UPLOAD_UNKNOWN" }] } };
          const done = isThere || uploads > 2 ? store.answer(seen) : undefined;
          return uploads === 1 ? "close" : uploads === 2 ? unknown : (done ?? unknown);
        });
        contentOf(await client().label(`${cutting.host}/a`, store.image("{}"), LABELS));
        assert.equal(uploads, isThere ? 2 : 3);
      });
    }
  });

  describe("uploads where the registry says", () => {
    const labelAt = async (location: string) => {
      const one = await start((seen) =>
        seen.method === "POST" ? { status: 202, headers: location ? { location } : {} } : store.answer(seen),
      );
      return client({ auth: AUTH }).label(`${one.host}/a`, store.image("{}"), LABELS);
    };

    it("on another host without credentials", async () => {
      const other = await start((seen) => store.answer(seen));
      const guarded = await start((seen) =>
        seen.authorization !== BASIC
          ? { status: 401, headers: { "www-authenticate": "Basic" } }
          : seen.method === "POST"
            ? { status: 202, headers: { location: `http://${other.host}/upload/1` } }
            : store.answer(seen),
      );
      contentOf(await client({ auth: AUTH }).label(`${guarded.host}/a`, store.image("{}"), LABELS));
      assert.deepEqual(
        other.seen.map(({ method, authorization }) => [method, authorization]),
        [["PUT", undefined]],
      );
    });

    it("on another host whose challenge is not answered", async () => {
      const other = await start(() => ({ status: 401, headers: { "www-authenticate": "Basic" } }));
      await errorOf("RegistryUnauthorized", () => labelAt(`http://${other.host}/upload/1`));
      assert.deepEqual(
        other.seen.map(({ authorization }) => authorization),
        [undefined],
      );
    });

    for (const location of ["", "http://registry.example/upload", "ftp://127.0.0.1/x", "http://u:p@127.0.0.1/x"]) {
      it(`but not at ${JSON.stringify(location)}`, async () => {
        await errorOf("RegistryProtocol", () => labelAt(location));
      });
    }
  });

  describe("on a real registry", () => {
    let real: OwnRegistry;

    before(async function () {
      if (!OwnRegistry.isAvailable()) {
        this.skip();
      }
      real = await OwnRegistry.start();
    });
    after(() => real?.stop());

    async function upload(text: string): Promise<{ digest: string; size: number }> {
      const begun = await fetch(`http://${real.host}/v2/a/blobs/uploads/`, { method: "POST" });
      const address = new URL(begun.headers.get("location") ?? "");
      address.searchParams.set("digest", sha256(text));
      assert.equal((await fetch(address, { method: "PUT", body: text })).status, 201);
      return { digest: sha256(text), size: text.length };
    }

    async function push(type: string, content: object): Promise<{ digest: string; size: number }> {
      const body = JSON.stringify(content);
      const url = `http://${real.host}/v2/a/manifests/${sha256(body)}`;
      const { status } = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
      assert.equal(status, 201);
      return { digest: sha256(body), size: body.length };
    }

    async function image(config: object) {
      const descriptor = { mediaType: OCI_CONFIG, ...(await upload(JSON.stringify(config))) };
      const layers = [{ mediaType: OCI_LAYER, ...(await upload("layer")) }];
      return push(OCI, { schemaVersion: 2, mediaType: OCI, config: descriptor, layers });
    }

    it("an image and an index are read again with their labels", async () => {
      const registry = createRegistryClient();
      const amd = await image({ os: "linux", architecture: "amd64", config: { Labels: { "dev.v.dirty": "true" } } });
      const arm = await image({ os: "linux", architecture: "arm64" });
      const manifests = [
        { mediaType: OCI, ...amd, platform: { os: "linux", architecture: "amd64" } },
        { mediaType: OCI, ...arm, platform: { os: "linux", architecture: "arm64" } },
      ];
      const index = await push(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
      for (const { digest } of [amd, arm, index]) {
        const { content } = contentOf(await registry.label(`${real.host}/a`, digest, LABELS));
        assert.deepEqual(await registry.manifest(`${real.host}/a`, content.digest), content);
        for (const { labels } of await registry.inspectAll(`${real.host}/a`, content.digest)) {
          assert.deepEqual(labels, LABELS);
        }
        assert.deepEqual(await registry.label(`${real.host}/a`, content.digest, LABELS), { kind: "labelled", content });
      }
    });
  });
});
