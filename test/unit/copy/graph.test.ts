import * as assert from "node:assert/strict";
import { referrersTag } from "../../../components/copy/attached";
import { readContent } from "../../../components/copy/graph";
import { errorOf } from "../../support/assertError";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { client, INDEX, MANIFEST, sha256 } from "../registry/setup";

describe("what an index needs to be there", () => {
  const start = fakeRegistries();

  /** A registry with contents, of which one is answered only after all others. */
  async function registryOf(contents: [type: string, body: string][], last: string) {
    let rest = contents.length - 1;
    let others = () => {};
    const allOthers = new Promise<void>((resolve) => {
      others = resolve;
    });
    return start(async ({ url }): Promise<Reply> => {
      const [type, body] = contents.find(([, each]) => url.endsWith(sha256(each))) ?? [];
      if (type === undefined || body === undefined) {
        return url === "/v2/" ? { status: 200 } : ABSENT;
      }
      if (body === last) {
        await allOthers;
        await new Promise((resolve) => setTimeout(resolve, 50));
      } else if (--rest === 0) {
        others();
      }
      return { status: 200, headers: { "content-type": type }, body };
    });
  }

  const entry = (mediaType: string, body: string) => ({ mediaType, digest: sha256(body), size: body.length });
  const indexOf = (name: string, ...manifests: object[]) =>
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests, annotations: { name } });
  const image = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: entry("config", "{}"), layers: [] });

  it("comes after all that it holds, where another one holds that, too", async () => {
    const [one, two] = [indexOf("one", entry(MANIFEST, image)), indexOf("two", entry(MANIFEST, image))];
    const root = indexOf("root", entry(INDEX, one), entry(INDEX, two), entry(MANIFEST, image));
    const registry = await registryOf(
      [
        [MANIFEST, image],
        [INDEX, one],
        [INDEX, two],
        [INDEX, root],
      ],
      image,
    );
    const { manifests, root: last } = await readContent(
      { registry: client(), repository: `${registry.host}/a` },
      sha256(root),
    );
    const digests = manifests.map(({ digest }) => digest);
    assert.deepEqual(
      [digests[0], digests.slice(1, 3).sort(), digests[3], last.digest],
      [sha256(image), [sha256(one), sha256(two)].sort(), sha256(root), sha256(root)],
    );
    assert.equal(registry.requests.filter((request) => request.endsWith(sha256(image))).length, 1);
  });
});

describe("what refers to an image", () => {
  const start = fakeRegistries();
  const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  const page = (digest: string, link?: string): Reply => ({
    status: 200,
    headers: { "content-type": OCI_INDEX, ...(link && { link: `<${link}>; rel="next"` }) },
    body: { schemaVersion: 2, manifests: [{ mediaType: MANIFEST, digest, size: 2 }] },
  });
  const IMAGE = sha256("image");

  async function listed(answer: (query: string) => Reply) {
    const registry = await start(({ url }) =>
      url.startsWith("/v2/a/referrers/") ? answer(url.split("?")[1] ?? "") : ABSENT,
    );
    return client().transfers(`${registry.host}/a`).referrers(IMAGE);
  }

  it("is listed on several pages", async () => {
    const found = await listed((query) =>
      query === "" ? page(sha256("1"), `/v2/a/referrers/${IMAGE}?last=1`) : page(sha256("2")),
    );
    assert.deepEqual(
      found?.map(({ digest }) => digest),
      [sha256("1"), sha256("2")],
    );
  });

  it("is not taken for all where the next page can't be asked for, or is not answered", async () => {
    const lost = await errorOf("RegistryProtocol", () => listed(() => page(sha256("1"), "/v2/a/next-page/2")));
    assert.match(lost, /its next page of referrers has the invalid address \/v2\/a\/next-page\/2/);
    const absent = await errorOf("RegistryProtocol", () =>
      listed((query) => (query === "" ? page(sha256("1"), "?last=1") : ABSENT)),
    );
    assert.match(absent, /status 404 and no index for page 2 of the referrers of sha256:/);
  });

  it("has a tag that is none too long", () => {
    assert.equal(referrersTag(`sha256:${"a".repeat(64)}`), `sha256-${"a".repeat(64)}`);
    assert.equal(referrersTag(`sha512:${"a".repeat(64)}${"b".repeat(64)}`), `sha512-${"a".repeat(64)}`);
  });
});
