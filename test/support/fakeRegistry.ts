import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What a scripted registry answers: "hang" never answers, "close" hangs up, "garbage" is not HTTP. */
export type Reply =
  | "hang"
  | "close"
  | "garbage"
  | { status: number; headers?: Record<string, string>; body?: string | Buffer | object };

/** What the distribution specification has for a manifest that is not there. */
export const ABSENT = {
  status: 404,
  body: { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] },
} satisfies Reply;

export interface Seen {
  method: string;
  url: string;
  authorization: string | undefined;
  body: string;
}

/** A registry on 127.0.0.1 that answers as a test tells it to. It stands for what a real one can't be made to do. */
export class FakeRegistry {
  readonly seen: Seen[] = [];
  /** The Content-Type of each request in `seen`. */
  readonly contentTypes: (string | undefined)[] = [];
  /** The connections over which it was asked. */
  readonly connections = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly host: string,
  ) {}

  static async start(answer: (request: Seen, host: string) => Reply | Promise<Reply>): Promise<FakeRegistry> {
    let registry: FakeRegistry | undefined;
    const server = createServer(async (request, response) => {
      registry?.connections.add(request.socket);
      const seen = await read(request);
      registry?.seen.push(seen);
      registry?.contentTypes.push(request.headers["content-type"]);
      write(response, await answer(seen, registry?.host ?? ""));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    registry = new FakeRegistry(server, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    return registry;
  }

  /** The requests in short, for instance "HEAD /v2/a/manifests/t". */
  get requests(): string[] {
    return this.seen.map(({ method, url }) => `${method} ${url}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Starts registries, and stops each after the test that started it. Call it within `describe`. */
export function fakeRegistries(): typeof FakeRegistry.start {
  const started: FakeRegistry[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((registry) => registry.stop()));
  });
  return async (answer) => {
    const registry = await FakeRegistry.start(answer);
    started.push(registry);
    return registry;
  };
}

async function read(request: IncomingMessage): Promise<Seen> {
  let body = "";
  for await (const chunk of request) {
    body += chunk;
  }
  const { method = "", url = "", headers } = request;
  return { method, url, authorization: headers.authorization, body };
}

/** Answers a request as a test tells it to. */
export function write(response: ServerResponse, reply: Reply): void {
  if (reply === "close") {
    response.destroy();
  } else if (reply === "garbage") {
    response.socket?.end("\0garbage\r\n\r\n");
  } else if (reply !== "hang") {
    const { status, headers, body = "" } = reply;
    const content = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    response.writeHead(status, headers).end(content);
  }
}
