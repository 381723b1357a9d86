import type { Dispatcher } from "undici";
import { type NamedProxy, proxyOfClient } from "./proxy";
import { AT_ONCE } from "./turns";

type Undici = typeof import("undici");

/** The way that a request takes. */
export interface Route {
  dispatcher: Dispatcher;
  proxy: NamedProxy | undefined;
}

/** How long a proxy may take to open a way through, in milliseconds. */
const TUNNEL_LIMIT = 10_000;

/** Connections are kept open for all clients of the process; those that idle keep it from nothing. */
const dispatchers = new Map<string, Dispatcher>();

/** How to reach an address: through the proxy that the environment names for it, else straight. */
export function routeTo(url: URL, env: NodeJS.ProcessEnv): Route {
  const proxy = proxyOfClient(url, env);
  const key = proxy ? JSON.stringify([proxy.url, proxy.authorization]) : "";
  const kept = dispatchers.get(key);
  const dispatcher = kept ?? open(proxy);
  dispatchers.set(key, dispatcher);
  return { dispatcher, proxy };
}

function open(proxy: NamedProxy | undefined): Dispatcher {
  const { Agent, Pool, ProxyAgent } = undici();
  // Without a limit one more is opened whenever the last answer has just been read.
  const factory = (origin: string | URL, options: object) => new Pool(origin, { ...options, connections: AT_ONCE });
  if (!proxy) {
    return new Agent({ factory });
  }
  return new ProxyAgent({
    uri: proxy.url,
    token: proxy.authorization,
    factory,
    // As every other program does: a tunnel to another port than 443 is what many proxies refuse.
    proxyTunnel: false,
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: TUNNEL_LIMIT }),
  });
}

/** The HTTP library, loaded when the first request is made: that takes longer than all of this package. */
export function undici(): Undici {
  // Whichever copy is loaded first serves the program's own `fetch`: that stays Node.js's.
  void globalThis.Headers;
  return require("undici") as Undici;
}
