import { VersionedImageError } from "../errors";
import { type Challenge, parseChallenges } from "./challenge";
import type { Credentials } from "./dockerConfig";
import { apiHost, isLoopback, loginAdvice, mayBePlain } from "./hosts";
import { type Answer, type HttpOptions, protocol, type Request, send, wordsOf } from "./http";

export interface SessionOptions extends HttpOptions {
  /** The credentials for a registry, if there are any. */
  credentials(host: string): Promise<Credentials | undefined>;
}

export interface Call {
  method: "GET" | "HEAD";
  /** The registry's host, as references name it. */
  host: string;
  /** The repository's name. */
  name: string;
  /** What follows /v2/NAME/. */
  path: string;
  accept?: string;
  limit: number;
}

/** Speaks with registries: finds out how to reach each, logs in where that is asked for, and remembers both. */
export interface Session {
  /** The answer to a call, which has status 404 or 2xx. Throws RegistryUnauthorized and what `send` throws. */
  call(call: Call): Promise<Answer>;
}

const TOKEN_LIMIT = 1024 * 1024;

export function createSession(options: SessionOptions): Session {
  const origins = new Map<string, Promise<string>>();
  const authorizations = new Map<string, Promise<string>>();

  async function call({ method, host, name, path, accept, limit }: Call): Promise<Answer> {
    const origin = await remembered(origins, host, () => findOrigin(host, options));
    const url = `${origin}/v2/${name}/${path}`;
    const key = `${host} ${name}`;
    const known = await authorizations.get(key);
    const attempt = (authorization: string | undefined) => {
      const headers = { ...(accept && { accept }), ...(authorization && { authorization }) };
      return send({ method, url, headers, limit }, options);
    };
    let answer = await attempt(known);
    if (answer.status === 401) {
      const header = answer.headers.get("www-authenticate") ?? "";
      if (known !== undefined) {
        // Tokens end; the next one is asked for once.
        authorizations.delete(key);
      }
      const words = answer;
      const authorization = await remembered(authorizations, key, () => authorize(header, words, host, name, options));
      answer = await attempt(authorization);
    }
    if (answer.status === 401 || answer.status === 403) {
      throw unauthorized(host, answer);
    }
    if (answer.status !== 404 && (answer.status < 200 || answer.status >= 300)) {
      throw protocol(url, `status ${answer.status}: ${wordsOf(answer)}`);
    }
    return answer;
  }

  return { call };
}

/** One promise for all who ask at the same time; a failed one is not kept. */
function remembered<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const kept = map.get(key);
  if (kept) {
    return kept;
  }
  const made = make();
  map.set(key, made);
  made.catch(() => map.delete(key));
  return made;
}

/** Where a registry's API is. Where plain HTTP is allowed, a server that wants TLS refuses it with 400 or hangs up. */
async function findOrigin(host: string, options: HttpOptions): Promise<string> {
  const api = apiHost(host);
  if (!mayBePlain(api, options.env)) {
    return `https://${api}`;
  }
  try {
    const response = await fetch(`http://${api}/v2/`, {
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    await response.body?.cancel();
    return response.status === 400 ? `https://${api}` : `http://${api}`;
  } catch (error) {
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    return code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code?.startsWith("HPE_")
      ? `https://${api}`
      : `http://${api}`;
  }
}

async function authorize(
  header: string,
  answer: Answer,
  host: string,
  name: string,
  options: SessionOptions,
): Promise<string> {
  const challenges = parseChallenges(header);
  const credentials = await options.credentials(host);
  if (credentials?.registryToken) {
    return `Bearer ${credentials.registryToken}`;
  }
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer) {
    return `Bearer ${await fetchToken(bearer, credentials, host, name, options)}`;
  }
  if (challenges.length > 0 && credentials?.password !== undefined) {
    return basic(credentials);
  }
  throw unauthorized(host, answer, credentials === undefined);
}

async function fetchToken(
  { parameters }: Challenge,
  credentials: Credentials | undefined,
  host: string,
  name: string,
  options: SessionOptions,
): Promise<string> {
  const { realm = "", service } = parameters;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol !== "https:" && !(url?.protocol === "http:" && isLoopback(url.host))) {
    throw protocol(
      `https://${host}`,
      `it sends for a token to ${JSON.stringify(realm)}, which is not an https address`,
    );
  }
  const query = new URLSearchParams({ ...(service && { service }), scope: `repository:${name}:pull` });
  const answer = await send({ ...tokenRequest(url, query, credentials), limit: TOKEN_LIMIT }, options);
  if ([400, 401, 403].includes(answer.status)) {
    throw unauthorized(host, answer, credentials === undefined);
  }
  if (answer.status !== 200) {
    throw protocol(url.href, `status ${answer.status} for a token: ${wordsOf(answer)}`);
  }
  return tokenIn(answer, url.href);
}

/** As the registry's specification of token authentication has it; with an identity token, as its OAuth 2 form. */
function tokenRequest(
  realm: URL,
  query: URLSearchParams,
  credentials: Credentials | undefined,
): Omit<Request, "limit"> {
  if (credentials?.identityToken) {
    query.set("grant_type", "refresh_token");
    query.set("client_id", "versioned-image");
    query.set("refresh_token", credentials.identityToken);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm.href, headers, body: query.toString() };
  }
  const url = new URL(realm);
  for (const [key, value] of query) {
    url.searchParams.set(key, value);
  }
  const headers: Record<string, string> =
    credentials?.password === undefined ? {} : { authorization: basic(credentials) };
  return { method: "GET", url: url.href, headers };
}

function tokenIn({ body }: Answer, url: string): string {
  try {
    const { token, access_token } = JSON.parse(body.toString()) as Record<string, unknown>;
    const found = token || access_token;
    if (typeof found === "string") {
      return found;
    }
  } catch {
    // Said below, without quoting what may be a secret.
  }
  throw protocol(url, "there is no token in it");
}

function basic({ username = "", password = "" }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function unauthorized(host: string, answer: Answer, anonymous = false): VersionedImageError {
  return new VersionedImageError(
    "RegistryUnauthorized",
    `The registry ${host} refused access (${answer.status}): ${wordsOf(answer)}. ` +
      `${anonymous ? "There are no credentials for it: run" : "See that your account may read and write there; to log in again, run"} ` +
      `${loginAdvice(host)}`,
  );
}
