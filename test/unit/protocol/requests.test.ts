import * as assert from "node:assert/strict";
import { createClock, type Ports, type Publication, publishVersion } from "../../../components/protocol";
import { createRegistryClient } from "../../../components/registry";
import { scratchTag } from "../../../components/version";
import { LONG } from "../../support/long";
import { OwnRegistry } from "../../support/ownRegistry";
import { pushImage } from "../../support/pushImage";
import { RegistryProxy } from "../../support/registryProxy";
import { Actor, World } from "./world";

const TAG = "88d38d9";
/** How many images are published at once. */
const IMAGES = LONG ? 60 : 20;

/** The protocol over a real registry: what it is asked, and many at once. A builder is played. */
describe("publishing to a real registry", function () {
  this.timeout(120_000);
  let own: OwnRegistry;
  let proxy: RegistryProxy;

  before(async function () {
    if (!OwnRegistry.isAvailable()) {
      console.log("      left out: there is no docker-registry to start");
      this.skip();
    }
    own = await OwnRegistry.start();
  });

  after(() => own?.stop());

  beforeEach(async () => {
    proxy = await RegistryProxy.start({ upstream: own.host });
  });

  afterEach(() => proxy?.stop());

  /** Publishes to a repository as one stack, which builds an image of its own. */
  function publishAs(name: string, repository: string, last?: Actor["last"], tag = TAG) {
    const client = createRegistryClient();
    const actor = new Actor(new World(), name);
    const ports: Ports = {
      ...actor.ports(),
      registry: {
        look: (reference) => client.resolve(repository, reference),
        read: (reference) => client.manifest(repository, reference),
        label: (digest, labels) => client.label(repository, digest, labels),
        inOneTurn: (work) => client.inOneTurn(repository, work),
        move: (tag, content) => client.tag(repository, tag, content),
      },
      clock: createClock(),
      build: async (ask) => {
        const scratch = await ask();
        // Past the proxy, as the daemon's requests are not the package's.
        const digest = await pushImage(repository.replace(proxy.host, own.host), scratch, { built: `${name} ${tag}` });
        return { digest, isLabelled: false, tag: scratch, imageId: async () => undefined };
      },
      record: async () => {},
    };
    const version = {
      ...actor.version,
      scratchTag: (nonce = "") => scratchTag("dev", name + nonce),
      repository,
      spec: `${repository}:${tag}`,
      tag,
      prove: async () => {},
      last,
    };
    return { published: publishVersion(version, ports), actor };
  }

  it("takes fourteen requests, one where nothing has changed, and fifteen for the next version", async () => {
    const repository = `${proxy.host}/count`;
    const first = (await publishAs("one", repository).published) as Publication & { kind: "published" };
    // HEAD and GET of the version's absence, as GET has the last word; the other looks and reads are one each.
    const asked = { ping: 1, look: 4, read: 4, upload: 1, blob: 1, manifest: 1, tag: 1, content: 1 };
    assert.deepEqual(proxy.counts, asked);
    const last = { spec: `${repository}:${TAG}`, digest: first.digest, pushed: first.pushed };
    assert.equal((await publishAs("one", repository, last).published)?.digest, first.digest);
    assert.deepEqual(proxy.counts, { ...asked, look: 5 });
    await publishAs("one", repository, last, "1111111").published;
    const next = { look: 9, read: 9, upload: 2, blob: 2, manifest: 2, tag: 2, content: 3 };
    assert.deepEqual(proxy.counts, { ...next, ping: 2 });
  });

  it(`has one digest for each of ${IMAGES} images that two stacks publish at once, while each answer takes a while`, async () => {
    proxy.moods.push(() => ({ before: 5, after: 5 }));
    // By two names, so that neither stack waits in the other's line.
    const hosts = [proxy.host, proxy.host.replace("127.0.0.1", "localhost")];
    const images = Array.from({ length: IMAGES }, (_, image) => `many-${image}`);
    const results = await Promise.all(
      images
        .flatMap((image) => hosts.map((host, stack) => publishAs(`stack ${stack}`, `${host}/${image}`)))
        .map(async ({ published, actor }) => ({ digest: (await published)?.digest, warnings: actor.warnings })),
    );
    for (const [index, image] of images.entries()) {
      const [one, two] = results.slice(2 * index, 2 * index + 2);
      const served = await createRegistryClient().resolve(`${own.host}/${image}`, TAG);
      assert.deepEqual([one?.digest, two?.digest], [served?.digest, served?.digest]);
    }
    assert.deepEqual(
      results.flatMap(({ warnings }) => warnings),
      [],
    );
  });
});
