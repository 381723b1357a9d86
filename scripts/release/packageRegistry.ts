import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What `npm publish` sends of a package, as far as it is kept. */
interface Published {
  versions: Record<string, unknown>;
  "dist-tags": Record<string, string>;
  _attachments: Record<string, { data: string }>;
}

export interface PackageRegistry {
  url: string;
  close(): void;
}

/**
 * A registry of packages on this machine that holds one package, once it is published there, and sends whoever asks for another one
 * on to a registry that has it. Nobody is asked for the one, whose name may be somebody else's there.
 */
export async function packageRegistry(name: string, others: string): Promise<PackageRegistry> {
  let published: Published | undefined;
  const own = `/${name}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "" } = request;
    // Of a name in a scope, npm encodes the slash.
    const asked = decodeURIComponent(url);
    const send = (status: number, body: string | Buffer) => response.writeHead(status).end(body);
    if (asked !== own && !asked.startsWith(`${own}/`)) {
      response.writeHead(307, { location: `${others.replace(/\/$/, "")}${url}` }).end();
    } else if (request.method === "PUT") {
      published = (await json(request)) as Published;
      send(201, "{}");
    } else if (published === undefined) {
      send(404, "{}");
    } else if (asked === own) {
      const { _attachments: _, ...document } = published;
      send(200, JSON.stringify(document));
    } else {
      const attachment = Object.entries(published._attachments).find(([file]) => asked === `${own}/-/${file}`);
      send(attachment ? 200 : 404, Buffer.from(attachment?.[1].data ?? "", "base64"));
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
