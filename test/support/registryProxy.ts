import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { isScratchTag } from "../../components/version";
import { registry } from "./registry";

export interface ProxyOptions {
  /** Until something is pushed, tags are answered as if they were not there: someone publishes them meanwhile. */
  hiddenUntilPush?: boolean;
  /** Refuse to give a tag to other content, as Artifact Registry does where they are immutable. */
  immutable?: boolean;
  /** The registry's host and port. Default: the one that the engine tests share. */
  upstream?: string;
}

/** Stands in front of the real registry, for what that can't be made to do. */
export class RegistryProxy {
  refused = 0;
  /** The status with which a version's tag is refused, while content may be pushed under others. */
  refuseTag: { tag: string; status: number } | undefined;
  /** A tag that the registry has lost, until it is set again. */
  lost: string | undefined;
  /** Called when something begins to be pushed. */
  private readonly pushing: (() => void)[] = [];
  /** Called when a content has been pushed under a scratch tag. */
  private readonly contents: (() => void)[] = [];
  /** The digests that each tag was given or served, in that order, with the time of each first one in milliseconds. */
  readonly served = new Map<string, { digest: string; at: number }[]>();

  private constructor(
    private readonly server: Server,
    readonly host: string,
    /** Whether tags can't be overwritten from now on. */
    public immutable: boolean,
  ) {}

  static async start({
    hiddenUntilPush = false,
    immutable = false,
    upstream = registry.host,
  }: ProxyOptions): Promise<RegistryProxy> {
    let hidden = hiddenUntilPush;
    // Of two pushes at once only one goes through, and the other is refused when the tag is there.
    const pushes = new Map<string, Promise<void>>();
    let proxy: RegistryProxy | undefined;
    const server = createServer(async (incoming, outgoing) => {
      const tag = /^\/v2\/.+\/manifests\/([^:]+)$/.exec(incoming.url ?? "")?.[1];
      if (incoming.method === "POST") {
        proxy?.notePush();
      }
      if (tag !== undefined && incoming.method === "PUT" && proxy?.refuseTag?.tag === tag) {
        proxy.countRefused();
        incoming.resume();
        outgoing.writeHead(proxy.refuseTag.status, { "content-type": "application/json" });
        outgoing.end(JSON.stringify({ errors: [{ code: "DENIED", message: "the tag is refused" }] }));
        return;
      }
      if (incoming.method === "POST" || incoming.method === "PUT") {
        hidden = false;
      }
      if (proxy && proxy.lost === tag && incoming.method === "PUT") {
        proxy.lost = undefined;
      }
      if (tag !== undefined && (hidden || proxy?.lost === tag)) {
        outgoing.writeHead(404, { "content-type": "application/json" });
        outgoing.end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
        return;
      }
      if (tag !== undefined && incoming.method === "PUT" && proxy?.immutable) {
        const url = incoming.url ?? "";
        const earlier = pushes.get(url);
        const own = new Promise<void>((resolve) => outgoing.once("close", resolve));
        pushes.set(url, own);
        await earlier;
        const body = await buffer(incoming);
        const held = await heldUnder(upstream, url);
        if (held !== undefined && held !== `sha256:${createHash("sha256").update(body).digest("hex")}`) {
          proxy.countRefused();
          refuse(outgoing, tag);
          return;
        }
        forward(upstream, incoming, Readable.from([body]), outgoing, (digest) =>
          proxy?.note(tag, digest, incoming.method),
        );
        return;
      }
      forward(
        upstream,
        incoming,
        incoming,
        outgoing,
        (digest) => tag !== undefined && proxy?.note(tag, digest, incoming.method),
      );
    });
    await listen(server, 0);
    proxy = new RegistryProxy(server, `127.0.0.1:${(server.address() as AddressInfo).port}`, immutable);
    return proxy;
  }

  /** Ends when the next content has been pushed under a scratch tag. */
  nextContent(): Promise<void> {
    return new Promise((resolve) => this.contents.push(resolve));
  }

  /** Ends when the next upload begins. */
  nextPush(): Promise<void> {
    return new Promise((resolve) => this.pushing.push(resolve));
  }

  private notePush(): void {
    for (const told of this.pushing.splice(0)) {
      told();
    }
  }

  private countRefused(): void {
    this.refused++;
  }

  private note(tag: string, digest: string, method: string | undefined): void {
    if (method === "PUT" && isScratchTag(tag)) {
      for (const told of this.contents.splice(0)) {
        told();
      }
    }
    const known = this.served.get(tag) ?? [];
    if (known.at(-1)?.digest !== digest) {
      this.served.set(tag, [...known, { digest, at: Date.now() }]);
    }
  }

  /** Ends every connection and takes no more, as if the network were gone. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Answers again after a stop, under the same host and port. */
  async resume(): Promise<void> {
    await listen(this.server, Number(this.host.split(":")[1]));
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The digest that a tag has, if it is there. */
async function heldUnder(upstream: string, url: string): Promise<string | undefined> {
  // Who does not name Docker's format gets an older one, of another digest.
  const accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
  const { headers } = await fetch(`http://${upstream}${url}`, { method: "HEAD", headers: { accept } });
  return headers.get("docker-content-digest") ?? undefined;
}

function refuse(outgoing: ServerResponse, tag: string): void {
  const message = `The image tag ${tag} is immutable`;
  outgoing.writeHead(400, { "content-type": "application/json" });
  outgoing.end(JSON.stringify({ errors: [{ code: "TAG_INVALID", message }] }));
}

function forward(
  upstream: string,
  incoming: IncomingMessage,
  body: Readable,
  outgoing: ServerResponse,
  onDigest: (digest: string) => void,
): void {
  const [host, port] = upstream.split(":");
  const sent = request(
    // The registry makes absolute addresses of the host it was asked under.
    { host, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      const digest = answer.headers["docker-content-digest"];
      if (typeof digest === "string" && (answer.statusCode === 200 || answer.statusCode === 201)) {
        onDigest(digest);
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      // An answer that breaks off must break off here, too.
      pipeline(answer, outgoing, () => {});
    },
  );
  sent.on("error", () => outgoing.destroy());
  // What was cut off in the middle must not wait in the registry for its rest.
  outgoing.on("close", () => sent.destroy());
  body.pipe(sent);
}
