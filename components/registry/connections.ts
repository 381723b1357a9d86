import { BlockList, isIP } from "node:net";
import type { Dispatcher } from "undici";
import { VersionedImageError } from "../errors";
import { isLoopback } from "./hosts";
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

/** A proxy that the environment names. */
export interface NamedProxy {
  /** Where it is, without what it is shown. */
  url: string;
  /** What it is shown as Proxy-Authorization, if its address has a user. */
  authorization: string | undefined;
  /** The variable that names it. */
  variable: string;
}

/**
 * The proxy that a request goes through, by the rules that Docker and other programs in Go have: HTTPS_PROXY for https,
 * HTTP_PROXY for http, each in lower case first; none for loopback, nor for the hosts, domains (with all below them),
 * addresses and networks that NO_PROXY lists. Throws RegistryUnavailable where a variable names what can't be used.
 */
function proxyFor(url: URL, env: NodeJS.ProcessEnv): NamedProxy | undefined {
  const variables = url.protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"];
  const variable = variables.find((name) => env[name]);
  if (variable === undefined || isLoopback(url.host) || isExempt(url, env.no_proxy || env.NO_PROXY || "")) {
    return undefined;
  }
  return readProxy(env[variable] ?? "", variable);
}

const VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"];

/** The same for one client of the process: what is not set for it is as for all of the process. */
export function proxyOfClient(url: URL, env: NodeJS.ProcessEnv): NamedProxy | undefined {
  // These alone: to copy a process's whole environment takes as long as much of a request.
  return proxyFor(url, Object.fromEntries(VARIABLES.map((name) => [name, env[name] ?? process.env[name]])));
}

function readProxy(value: string, variable: string): NamedProxy {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url?.host || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new VersionedImageError(
      "RegistryUnavailable",
      `${variable} is not the address of a proxy. Use http://host:port or https://host:port, or unset it.`,
    );
  }
  const [username, password] = [url.username, url.password].map(decoded);
  const login = `${username}:${password}`;
  return {
    url: `${url.protocol}//${url.host}`,
    authorization: login === ":" ? undefined : `Basic ${Buffer.from(login).toString("base64")}`,
    variable,
  };
}

/** What can't be decoded stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isExempt(url: URL, list: string): boolean {
  const entries = list.split(",").map((entry) => entry.trim().toLowerCase());
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return entries.some((entry) => entry === "*" || (entry !== "" && covers(entry, host, port)));
}

function covers(entry: string, host: string, port: string): boolean {
  const [, bracketed, plain, wanted = port] = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(entry) ?? [];
  const name = bracketed ?? plain ?? entry;
  if (wanted && wanted !== port) {
    return false;
  }
  const family = isIP(host);
  if (family !== 0) {
    return networkOf(name)?.check(host, `ipv${family as 4 | 6}`) ?? false;
  }
  const domain = name.startsWith("*.") ? name.slice(1) : name;
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

/** An address, or a network such as 10.0.0.0/8. */
function networkOf(entry: string): BlockList | undefined {
  const [, address = "", bits] = /^([^/]+)(?:\/(\d+))?$/.exec(entry) ?? [];
  const family = isIP(address);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || Number(bits ?? most) > most) {
    return undefined;
  }
  const list = new BlockList();
  list.addSubnet(address, Number(bits ?? most), `ipv${family as 4 | 6}`);
  return list;
}
