import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { registry } from "./registry";

export interface ProxyOptions {
  /** So many questions for a tag are answered as if it were not there: someone publishes it just after. */
  hidden?: number;
  /** Refuse to overwrite tags, as Artifact Registry does where they are immutable. */
  immutable?: boolean;
}

/** Stands in front of the real registry, for what that can't be made to do. */
export class RegistryProxy {
  refused = 0;
  /** The digests that were seen under each tag, in the order in which they were served. */
  readonly served = new Map<string, string[]>();

  private constructor(
    private readonly server: Server,
    readonly host: string,
  ) {}

  static async start({ hidden = 0, immutable = false }: ProxyOptions): Promise<RegistryProxy> {
    let left = hidden;
    // Of two pushes at once only one goes through, and the other is refused when the tag is there.
    const pushes = new Map<string, Promise<void>>();
    let proxy: RegistryProxy | undefined;
    const server = createServer(async (incoming, outgoing) => {
      const tag = /^\/v2\/.+\/manifests\/([^:]+)$/.exec(incoming.url ?? "")?.[1];
      if (tag !== undefined && incoming.method === "HEAD" && left > 0) {
        left--;
        outgoing.writeHead(404).end();
        return;
      }
      if (tag !== undefined && incoming.method === "PUT" && immutable) {
        const url = incoming.url ?? "";
        const earlier = pushes.get(url);
        const own = new Promise<void>((resolve) => outgoing.once("close", resolve));
        pushes.set(url, own);
        await earlier;
        if (await exists(url)) {
          proxy?.countRefused();
          incoming.resume();
          refuse(outgoing, tag);
          return;
        }
      }
      forward(incoming, outgoing, (digest) => tag !== undefined && proxy?.note(tag, digest));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxy = new RegistryProxy(server, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    return proxy;
  }

  private countRefused(): void {
    this.refused++;
  }

  private note(tag: string, digest: string): void {
    const known = this.served.get(tag) ?? [];
    if (known.at(-1) !== digest) {
      this.served.set(tag, [...known, digest]);
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function exists(url: string): Promise<boolean> {
  const { status } = await fetch(`http://${registry.host}${url}`, { method: "HEAD", headers: { accept: "*/*" } });
  return status === 200;
}

function refuse(outgoing: ServerResponse, tag: string): void {
  const message = `The image tag ${tag} is immutable`;
  outgoing.writeHead(400, { "content-type": "application/json" });
  outgoing.end(JSON.stringify({ errors: [{ code: "TAG_INVALID", message }] }));
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, onDigest: (digest: string) => void): void {
  const [host, port] = registry.host.split(":");
  const upstream = request(
    // The registry makes absolute addresses of the host it was asked under.
    { host, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      const digest = answer.headers["docker-content-digest"];
      if (typeof digest === "string" && (answer.statusCode === 200 || answer.statusCode === 201)) {
        onDigest(digest);
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  upstream.on("error", () => outgoing.destroy());
  incoming.pipe(upstream);
}
