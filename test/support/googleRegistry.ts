import { randomUUID } from "node:crypto";
import {
  createServer as createProxy,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { type Certified, certify } from "./authority";
import { type Access, type Action, type Refusal, refusalOf } from "./googleAccess";

/**
 * Answers over TLS as gcr.io and Artifact Registry do, in front of a registry: with a challenge, a token service that takes
 * `oauth2accesstoken` by Basic authentication and says which permission is missing, and downloads at another address. What
 * is asked of 127.0.0.1 is answered as by gcr.io.
 */
export class GoogleRegistry implements Access {
  readonly rights: Access["rights"] = new Map();
  readonly missing: Access["missing"] = new Set();
  /** What it was asked, for instance "HEAD gcr.io/v2/p/a/manifests/t Bearer". */
  readonly requests: string[] = [];

  private readonly issued = new Map<string, string[]>();
  private readonly downloads = new Map<string, string>();
  private readonly server: Server;
  private readonly proxy = createProxy();

  private constructor(
    private readonly certified: Certified,
    private readonly upstream: string | undefined,
  ) {
    this.server = createServer(certified, (incoming, outgoing) => this.answer(incoming, outgoing));
    this.proxy.on("connect", (_, client) => {
      const registry = connect(portOf(this.server), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(registry).pipe(client);
      });
      registry.on("error", () => client.destroy());
      client.on("error", () => registry.destroy());
    });
  }

  /** `upstream`: the host of the registry that holds the images, by plain HTTP. Default: there are no images. */
  static async start(upstream?: string): Promise<GoogleRegistry> {
    const registry = new GoogleRegistry(certify(["IP:127.0.0.1", "DNS:gcr.io", "DNS:*.pkg.dev"]), upstream);
    for (const server of [registry.server, registry.proxy]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${portOf(this.server)}`;
  }

  /** The environment of a Node.js that trusts its certificate. */
  get trust(): NodeJS.ProcessEnv {
    return { NODE_EXTRA_CA_CERTS: this.certified.authority };
  }

  /** The environment of a Node.js that reaches it under every host's name. */
  get names(): NodeJS.ProcessEnv {
    // In lower case, which goes before what the user has set in capitals.
    return { NODE_USE_ENV_PROXY: "1", https_proxy: `http://127.0.0.1:${portOf(this.proxy)}`, no_proxy: "" };
  }

  async stop(): Promise<void> {
    for (const server of [this.server, this.proxy]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    this.certified.dispose();
  }

  private answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = "", headers } = incoming;
    const host = headers.host ?? "";
    const { pathname, searchParams } = new URL(incoming.url ?? "", `https://${host}`);
    const [scheme = "", credentials = ""] = (headers.authorization ?? "").split(" ");
    this.requests.push(`${method} ${host}${pathname} ${scheme}`.trim());
    if (pathname === "/v2/token") {
      this.giveToken(outgoing, host, searchParams, scheme === "Basic" ? passwordIn(credentials) : undefined);
      return;
    }
    const download = this.downloads.get(pathname);
    if (download !== undefined) {
      this.forward(incoming, outgoing, download);
      return;
    }
    const name = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)\//.exec(pathname)?.[1];
    const action: Action = method === "GET" || method === "HEAD" ? "pull" : "push";
    // A mount reads from another repository.
    const from = searchParams.get("from");
    const needed = [`${name} ${action}`, ...(from === null ? [] : [`${from} pull`])];
    const allowed = this.issued.get(credentials) ?? [];
    if (scheme !== "Basic" && !needed.every((each) => allowed.includes(each))) {
      const scope = name ? `,scope="repository:${name}:${action === "pull" ? "pull" : "pull,push"}"` : "";
      const challenge = `Bearer realm="https://${host}/v2/token",service="${host}"${scope}`;
      const message = "not authenticated: No valid credential was supplied.";
      refuse(outgoing, { status: 401, code: "UNAUTHORIZED", message }, { "www-authenticate": challenge });
      return;
    }
    const refusal = scheme === "Basic" && refusalOf(this, passwordIn(credentials), host, name ?? "", action);
    if (refusal) {
      refuse(outgoing, refusal);
    } else if (method === "GET" && pathname.includes("/blobs/")) {
      const location = `/artifacts-downloads/${randomUUID()}`;
      this.downloads.set(location, pathname);
      outgoing.writeHead(302, { location: `https://${host}${location}` }).end();
    } else {
      this.forward(incoming, outgoing, incoming.url ?? "");
    }
  }

  /** A token for what the access token allows, which is the place where Artifact Registry refuses. */
  private giveToken(outgoing: ServerResponse, host: string, query: URLSearchParams, accessToken?: string): void {
    const granted: string[] = [];
    for (const scope of query.getAll("scope")) {
      const [, name = "", actions = ""] = /^repository:([^:]+):(.+)$/.exec(scope) ?? [];
      const wanted: Action[] = actions.includes("push") ? ["push", "pull"] : ["pull"];
      for (const action of wanted) {
        const refusal = refusalOf(this, accessToken, host, name, action);
        if (refusal) {
          refuse(outgoing, refusal);
          return;
        }
        granted.push(`${name} ${action}`);
      }
    }
    const token = randomUUID();
    this.issued.set(token, granted);
    outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ token, expires_in: 43_200 }));
  }

  private forward(incoming: IncomingMessage, outgoing: ServerResponse, path: string): void {
    if (this.upstream === undefined) {
      const what = path.slice(path.lastIndexOf("/") + 1);
      refuse(outgoing, { status: 404, code: "MANIFEST_UNKNOWN", message: `Failed to fetch "${what}"` });
      return;
    }
    const [host, port] = this.upstream.split(":");
    // The registry behind makes absolute addresses of the host and the scheme that it was asked by.
    const { authorization: _, ...others } = incoming.headers;
    const headers = { ...others, "x-forwarded-proto": "https" };
    const forwarded = request({ host, port, method: incoming.method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  }
}

function refuse(outgoing: ServerResponse, { status, code, message }: Refusal, headers = {}): void {
  outgoing.writeHead(status, { "content-type": "application/json", ...headers });
  outgoing.end(JSON.stringify({ errors: [{ code, message }] }));
}

/** The password of Basic credentials; that of another user than `oauth2accesstoken` is no access token here. */
function passwordIn(credentials: string): string {
  return Buffer.from(credentials, "base64")
    .toString()
    .replace(/^oauth2accesstoken:/, "");
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
