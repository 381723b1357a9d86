import * as assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { VersionedImageError } from "../../../components/errors";
import { fakeRegistries } from "../../support/fakeRegistry";
import { AUTH, client, sha256 } from "./setup";

/** As many images as a program has, each with a client of its own, as those with credentials of their own have. */
const IMAGES = Array.from({ length: 20 }, (_, index) => `image-${index}`);

describe("a host that has not answered yet", () => {
  const start = fakeRegistries();
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
    }
  });

  async function askForAll(host: string): Promise<string[]> {
    return Promise.all(
      IMAGES.map((name) =>
        client({ auth: AUTH, timeoutMs: 200 })
          .resolve(`${host}/${name}`, "t")
          .then(
            (held) => String(held?.digest),
            (error) => (error instanceof VersionedImageError ? `${error.code}: ${error.message}` : String(error)),
          ),
      ),
    );
  }

  it("and hangs is asked once for all images, which say so; later ones ask anew", async () => {
    const registry = await start(({ url }) => (url === "/v2/" ? { status: 200 } : "hang"));
    const said =
      `RegistryUnavailable: The registry ${registry.host} did not answer: nothing within 0.2 seconds (tried 3 times). Its content is ` +
      "not known. Check that the host is correct and reachable, then run again.";
    for (const tries of [3, 6]) {
      assert.deepEqual(
        await askForAll(registry.host),
        IMAGES.map(() => said),
      );
      const asked = registry.seen.filter(({ url }) => url !== "/v2/");
      assert.equal(asked.length, tries);
    }
  });

  it("and refuses connections is asked once for all images", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on("error", () => {});
      socket.resetAndDestroy();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const answers = await askForAll(`127.0.0.1:${port}`);
    assert.deepEqual(new Set(answers.map((answer) => answer.split(":", 1)[0])), new Set(["RegistryUnavailable"]));
    const byOne = connections;
    connections = 0;
    await client({ auth: AUTH })
      .resolve(`127.0.0.1:${port}/one`, "t")
      .catch(() => {});
    assert.equal(byOne, connections);
  });

  it("is not first asked by a transfer, which may wait for other requests to it", async () => {
    let isSilent = false;
    const blob = "a blob";
    const registry = await start(({ url }) => {
      if (url.includes("/blobs/")) {
        return { status: 200, body: blob };
      }
      return isSilent ? "close" : { status: 404, body: { errors: [{ code: "MANIFEST_UNKNOWN", message: "none" }] } };
    });
    const one = client({ auth: AUTH });
    const look = () => one.resolve(`${registry.host}/a`, "t");
    await look();
    isSilent = true;
    await assert.rejects(look);
    isSilent = false;
    const looked: unknown[] = [];
    const end = await one
      .transfers(`${registry.host}/a`)
      .stream({ digest: sha256(blob), size: blob.length, mediaType: "" }, async () => {
        looked.push(await look());
      });
    assert.deepEqual([end, looked], ["streamed", [undefined]]);
  });

  it("and answers at the third try has said so for all images", async () => {
    let asked = 0;
    const registry = await start(({ url }) => {
      if (url === "/v2/") {
        return { status: 200 };
      }
      asked++;
      return asked < 3 ? "close" : { status: 404, body: { errors: [{ code: "MANIFEST_UNKNOWN", message: "none" }] } };
    });
    assert.deepEqual(
      await askForAll(registry.host),
      IMAGES.map(() => "undefined"),
    );
    const urls = registry.seen.flatMap(({ method, url }) => (method === "HEAD" ? url : []));
    assert.equal(urls.length, IMAGES.length + 2);
    assert.equal(new Set(urls.slice(0, 3)).size, 1);
  });
});
