import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { registry } from "../../support/registry";

export interface AuthProxy {
  host: string;
  stop(): Promise<void>;
}

/** The test registry, for those who know the user and the password only. */
export async function startAuthProxy(user: string, password: string): Promise<AuthProxy> {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const server = createServer((incoming, outgoing) => {
    if (incoming.headers.authorization === wanted) {
      forward(incoming, outgoing);
      return;
    }
    incoming.resume();
    outgoing.writeHead(401, { "www-authenticate": 'Basic realm="test"', "content-type": "application/json" });
    outgoing.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const [host, port] = registry.host.split(":");
  const { authorization: _, ...headers } = incoming.headers;
  // The registry makes absolute addresses of the host that it was asked under.
  const upstream = request({ host, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on("error", () => outgoing.destroy());
  incoming.pipe(upstream);
}
