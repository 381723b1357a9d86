import * as assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { AT_ONCE } from "../../../components/registry/turns";
import { client, MANIFEST, sha256 } from "./setup";

describe("connections to a registry", () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  afterEach(async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    sockets.clear();
    await new Promise((resolve) => server?.close(resolve));
  });

  async function listen(started: Server): Promise<string> {
    server = started;
    started.on("connection", (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(started.address() as AddressInfo).port}`;
  }

  it("serve many HEADs each: not every image of a program connects anew", async () => {
    const used = new Set<Socket>();
    const host = await listen(
      createHttpServer((request, response) => {
        used.add(request.socket);
        response.writeHead(200, {
          "content-type": MANIFEST,
          "content-length": 2,
          "docker-content-digest": sha256(request.url ?? ""),
        });
        response.end();
      }),
    );
    const registry = client();
    const names = Array.from({ length: 40 }, (_, image) => `app-${image}`);
    const held = await Promise.all(names.map((name) => registry.resolve(`${host}/${name}`, "88d38d9")));
    assert.deepEqual(
      held.map((manifest) => manifest?.digest),
      names.map((name) => sha256(`/v2/${name}/manifests/88d38d9`)),
    );
    assert.ok(used.size <= AT_ONCE, `${used.size} connections for 40 HEADs`);
  });

  it("are given up where a HEAD is answered with a body, which no later request takes for its answer", async () => {
    const asked: string[] = [];
    const host = await listen(
      createServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.on("data", (data) => {
          const [, path] = /^HEAD (\S+) HTTP/.exec(data.toString("latin1")) ?? [];
          if (path === undefined) {
            // What is spoken first is TLS.
            socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
            return;
          }
          asked.push(path);
          const head = [`content-type: ${MANIFEST}`, "content-length: 2", `docker-content-digest: ${sha256(path)}`];
          socket.write(`HTTP/1.1 200 OK\r\n${head.join("\r\n")}\r\n\r\n{}`);
        });
      }),
    );
    const registry = client();
    for (const name of ["a", "b", "c", "d"]) {
      assert.equal((await registry.resolve(`${host}/${name}`, "t"))?.digest, sha256(`/v2/${name}/manifests/t`));
    }
    assert.deepEqual(
      [...new Set(asked)],
      ["a", "b", "c", "d"].map((name) => `/v2/${name}/manifests/t`),
    );
  });
});
