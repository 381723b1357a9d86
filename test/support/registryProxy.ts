import { createHash } from "node:crypto";
import { createServer, IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { isScratchTag } from "../../components/version";
import { type Reply, write } from "./fakeRegistry";
import { registry } from "./registry";

/**
 * What a registry is asked for: a "look" at a tag that people use, or to set one, the "tag"; the "content" under a scratch tag; a
 * "manifest" by its digest; "upload", a part of a blob, and "blob", its last one; "ping", whether it is a registry; "read", all else that is read; "other".
 */
export type Kind = "look" | "tag" | "content" | "manifest" | "upload" | "blob" | "ping" | "read" | "other";

export interface Asked {
  kind: Kind;
  method: string;
  url: string;
  /** The registry, as who asks has its name. */
  host: string;
  /** A tag or a digest; empty where none is asked for. */
  reference: string;
  authorization: string | undefined;
  /** Which bytes are wanted. */
  range: string | undefined;
  /** Whether a daemon asks, for what it has built. */
  byDaemon: boolean;
}

/** What happens to one request on its way. By default, nothing: the registry gets it, and its answer is the answer. */
export interface Mood {
  /** How long it takes to the registry, in milliseconds, or what it waits for. */
  before?: number | Promise<unknown>;
  /** How long the answer takes from there, in milliseconds. */
  after?: number;
  /** What is answered, in place of the registry. */
  instead?: Reply;
  /** After how many bytes the registry's answer breaks off, if it has more. Default: it does not. */
  cutAfter?: number;
  /** Whether the registry gets the request although something else is answered. Default: it does not. */
  applied?: boolean;
  /** Whether the registry does not have the tag any more that is set, so that it can't refuse that. Default: it looks. */
  anew?: boolean;
}

/** How some requests are treated; undefined: it has nothing to do with this one. */
export type Behaviour = (asked: Asked) => Mood | undefined;

/** A tag's digest at a moment: of performance.now(), in milliseconds. */
export interface Entry {
  /** The repository and tag, without a host. */
  spec: string;
  digest: string;
  at: number;
}

export interface ProxyOptions {
  /** The first that has to do with a request decides. Default: none. */
  moods?: Behaviour[];
  /** Refuse to give a tag to other content, with this status, as registries do whose tags are immutable. Default: it may be overwritten. */
  immutable?: 400 | 409;
  /** The registry's host and port. Default: the one that the engine tests share. */
  upstream?: string;
  /** Where it listens, as host:port; another run of the tests that has it is waited for. Default: a free port of 127.0.0.1. */
  host?: string;
}

/** Stands in front of a real registry, for what that can't be made to do, and keeps a ledger of all tags. */
export class RegistryProxy {
  readonly moods: Behaviour[];
  readonly immutable: 400 | 409 | undefined;
  /** How many requests of a kind have come. */
  readonly counts: Partial<Record<Kind, number>> = {};
  /** What tags were set to, in the registry's order, whether or not that was answered. */
  readonly written: Entry[] = [];
  /** What tags were read as. */
  readonly served: Entry[] = [];
  /** How many tags were refused since they are immutable. */
  refused = 0;
  private readonly upstream: string;
  private readonly waiting: { stage: "asked" | "done"; kind: Kind; repository: string; told: () => void }[] = [];
  /** Of two that set a tag at once, one comes after the other, and is refused if tags are immutable. */
  private readonly queues = new Map<string, Promise<unknown>>();

  private constructor(
    private readonly server: Server,
    readonly host: string,
    { moods = [], immutable, upstream = registry.host }: ProxyOptions,
  ) {
    this.moods = moods;
    this.immutable = immutable;
    this.upstream = upstream;
    // Who asks may be killed meanwhile, and the registry stopped.
    server.on("request", (incoming, outgoing) => this.serve(incoming, outgoing).catch(() => outgoing.destroy()));
  }

  static async start(options: ProxyOptions = {}): Promise<RegistryProxy> {
    const server = createServer();
    await (options.host === undefined ? listen(server, "127.0.0.1:0") : listenInTurn(server, options.host));
    const { address, port } = server.address() as AddressInfo;
    return new RegistryProxy(server, `${address}:${port}`, options);
  }

  /** Ends when the next request of a kind comes. */
  asked(kind: Kind): Promise<void> {
    return new Promise((told) => this.waiting.push({ stage: "asked", kind, repository: "", told }));
  }

  /** Ends when the registry has done the next request of a kind, before that is answered; `repository`: by its path. Default: any. */
  done(kind: Kind, repository = ""): Promise<void> {
    return new Promise((told) => this.waiting.push({ stage: "done", kind, repository, told }));
  }

  /** Ends every connection and takes no more, as if the network were gone. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Answers again after a stop, under the same host and port. */
  async resume(): Promise<void> {
    await listen(this.server, this.host);
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const asked = read(incoming);
    this.counts[asked.kind] = (this.counts[asked.kind] ?? 0) + 1;
    this.tell("asked", asked);
    const mood = this.moodFor(asked);
    const { before = 0, after = 0, instead, applied = instead === undefined } = mood;
    // A manifest that has come is passed on as a whole, whatever becomes of who sent it.
    const body = ["tag", "content", "manifest"].includes(asked.kind) ? await buffer(incoming) : incoming;
    await (typeof before === "number" ? sleep(before) : before);
    const answer = applied ? await this.pass(asked, mood, incoming, body, outgoing) : undefined;
    await sleep(after);
    if (instead !== undefined || answer === undefined) {
      incoming.resume();
      if (answer instanceof IncomingMessage) {
        answer.resume();
      }
      write(outgoing, instead ?? "close");
    } else if (answer instanceof IncomingMessage) {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      // An answer that breaks off must break off here, too.
      pipeline(answer, cut(mood.cutAfter), outgoing, () => {});
    } else {
      write(outgoing, answer);
    }
  }

  private moodFor(asked: Asked): Mood {
    for (const behaviour of this.moods) {
      const mood = behaviour(asked);
      if (mood) {
        return mood;
      }
    }
    return {};
  }

  private async pass(
    asked: Asked,
    { anew }: Mood,
    incoming: IncomingMessage,
    body: Buffer | IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<IncomingMessage | Reply> {
    if (!Buffer.isBuffer(body) || asked.kind === "manifest") {
      return this.forward(asked, incoming, body, outgoing);
    }
    const turn = (this.queues.get(asked.url) ?? Promise.resolve()).then(async () => {
      const held = this.immutable && !anew && (await heldUnder(this.upstream, asked.url));
      if (this.immutable && held && held !== `sha256:${createHash("sha256").update(body).digest("hex")}`) {
        this.refused++;
        return denial(this.immutable, "TAG_INVALID", `The image tag ${asked.reference} is immutable`);
      }
      return this.forward(asked, incoming, body, outgoing);
    });
    this.queues.set(
      asked.url,
      turn.catch(() => {}),
    );
    return turn;
  }

  private forward(
    asked: Asked,
    { headers }: IncomingMessage,
    body: Buffer | IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<IncomingMessage> {
    const [host, port] = this.upstream.split(":");
    return new Promise((resolve, reject) => {
      // The registry makes absolute addresses of the host it was asked under.
      const sent = request({ host, port, method: asked.method, path: asked.url, headers }, (answer) => {
        this.note(asked, answer);
        resolve(answer);
      });
      sent.on("error", reject);
      if (Buffer.isBuffer(body)) {
        sent.end(body);
      } else {
        // What was cut off in the middle must not wait in the registry for its rest.
        outgoing.on("close", () => sent.destroy());
        body.pipe(sent);
      }
    });
  }

  private note(asked: Asked, { statusCode, headers }: IncomingMessage): void {
    const { kind, url, reference } = asked;
    const digest = headers["docker-content-digest"];
    const done = statusCode === 200 || statusCode === 201;
    if (done && typeof digest === "string" && (kind === "look" || kind === "tag")) {
      const spec = `${url.slice("/v2/".length, url.indexOf("/manifests/"))}:${reference}`;
      (kind === "tag" ? this.written : this.served).push({ spec, digest, at: performance.now() });
    }
    this.tell("done", asked);
  }

  private tell(stage: "asked" | "done", { kind, url }: Asked): void {
    const told = this.waiting.filter((each) => {
      return each.stage === stage && each.kind === kind && url.startsWith(`/v2/${each.repository}`);
    });
    for (const entry of told) {
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      entry.told();
    }
  }
}

/** Lets so many bytes through, and then breaks off. */
function cut(after = Number.POSITIVE_INFINITY) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    let rest = after;
    for await (const chunk of chunks) {
      yield chunk.subarray(0, rest);
      rest -= chunk.length;
      if (rest < 0) {
        // What was let through is to come.
        await sleep(100);
        throw new Error("cut");
      }
    }
  };
}

/** An error as the distribution specification has it. */
export function denial(status: number, code: string, message: string, headers = {}): Reply {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: { errors: [{ code, message }] },
  };
}

function read({ method = "", url = "", headers }: IncomingMessage): Asked {
  const reference = /^\/v2\/.+\/manifests\/([^/?]+)$/.exec(url)?.[1] ?? "";
  return {
    kind: kindOf(method, url, reference),
    method,
    url,
    host: headers.host ?? "",
    reference,
    authorization: headers.authorization,
    range: headers.range,
    byDaemon: /docker|containers|containerd|buildkit/i.test(headers["user-agent"] ?? ""),
  };
}

function kindOf(method: string, url: string, reference: string): Kind {
  const reads = method === "GET" || method === "HEAD";
  if (/\/blobs\/uploads\//.test(url)) {
    return method === "PUT" ? "blob" : "upload";
  }
  if (url === "/v2/") {
    return "ping";
  }
  if (reference === "" || !(reads || method === "PUT")) {
    return reads ? "read" : "other";
  }
  if (reference.includes(":")) {
    return reads ? "read" : "manifest";
  }
  if (isScratchTag(reference)) {
    return reads ? "read" : "content";
  }
  return reads ? "look" : "tag";
}

function listen(server: Server, host: string): Promise<void> {
  const [address, port] = host.split(":");
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function listenInTurn(server: Server, host: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await listen(server, host);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || tries === TRIES) {
        throw error;
      }
      await sleep(TRY_EVERY);
    }
  }
}

/** In milliseconds; with the tries, a minute and a half. */
const TRY_EVERY = 100;
const TRIES = 900;

/** The digest that a tag has, if it is there. */
async function heldUnder(upstream: string, url: string): Promise<string | undefined> {
  // Who does not name a format gets an older one, of another digest.
  const accept = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
  ].join(", ");
  const { headers } = await fetch(`http://${upstream}${url}`, { method: "HEAD", headers: { accept } });
  return headers.get("docker-content-digest") ?? undefined;
}
