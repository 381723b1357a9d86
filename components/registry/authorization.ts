import { VersionedImageError } from "../errors";
import type { Credentials } from "./credentials";
import { codesIn } from "./errorMessage";
import { protocol } from "./failure";
import { isLoopback, mayBePlain } from "./hosts";
import { send } from "./http";
import type { Answer, HttpOptions, Request } from "./request";

/** How to log in to a repository. */
export interface Login {
  /** The Authorization header, if there is a way to make one. */
  authorization: string | undefined;
  /** The token service's refusal, if it refused; with status 404, it says that there is no such repository. */
  refusal?: Answer;
}

/** What a login is for: reading, writing as well, or deleting, too. */
export type Access = "pull" | "push" | "delete";

/** A repository, and what is to be done with it. */
export interface Scope {
  name: string;
  access: Access;
  /** Another repository of the same registry, from which blobs are mounted. */
  mountFrom?: string;
}

/** What a token for each is asked to allow. */
const ACTIONS: Record<Access, string> = { pull: "pull", push: "pull,push", delete: "pull,push,delete" };

const TOKEN_LIMIT = 1024 * 1024;

/**
 * Makes what a registry's challenge asks for. Of several ways that it offers, the next is taken where the address for tokens is
 * none that can be used. Throws what was wrong with that if there is no other, for instance RegistryProtocol where credentials
 * would have to go astray.
 */
export async function logIn(
  challenged: Answer,
  scope: Scope,
  credentials: Credentials | undefined,
  options: HttpOptions,
): Promise<Login> {
  if (credentials?.registryToken) {
    return { authorization: `Bearer ${credentials.registryToken}` };
  }
  const challenges = challengesOf(challenged);
  let unusable: VersionedImageError | undefined;
  for (const bearer of challenges.filter(({ scheme }) => scheme === "bearer")) {
    try {
      return await fetchToken(bearer, challenged.origin, scope, credentials, options);
    } catch (error) {
      if (!(error instanceof VersionedImageError)) {
        throw error;
      }
      unusable ??= error;
    }
  }
  const offersBasic = challenges.some(({ scheme }) => scheme === "basic");
  if (unusable && !offersBasic) {
    throw unusable;
  }
  const mayTry = offersBasic && credentials?.password !== undefined;
  return { authorization: mayTry ? basic(credentials) : undefined };
}

/** The ways to log in that an answer with status 401 offers. */
export function challengesOf({ status, headers }: Answer): Challenge[] {
  return status === 401 ? parseChallenges(headers.get("www-authenticate") ?? "") : [];
}

/** What errors must not show of credentials, in each form in which they are sent. */
export function secretsOf(credentials: Credentials | undefined, authorization?: string): string[] {
  const { password, identityToken, registryToken } = credentials ?? {};
  const sent = authorization?.slice(authorization.indexOf(" ") + 1);
  const encoded = password && basic(credentials ?? {}).slice("Basic ".length);
  return [password, identityToken, registryToken, encoded, sent].flatMap((secret) => secret || []);
}

async function fetchToken(
  { parameters }: Challenge,
  origin: string,
  { name, access, mountFrom }: Scope,
  credentials: Credentials | undefined,
  options: HttpOptions,
): Promise<Login> {
  const { realm = "", service } = parameters;
  const url = tokenAddress(realm, origin, options.env);
  const query = new URLSearchParams({ ...(service && { service }) });
  const scopes = [
    `repository:${name}:${ACTIONS[access]}`,
    ...(mountFrom === undefined ? [] : [`repository:${mountFrom}:${ACTIONS.pull}`]),
  ];
  const answer = await send(tokenRequest(url, query, scopes, credentials), options);
  if ([400, 401, 403].includes(answer.status) || knowsNoRepository(answer, url)) {
    return { authorization: undefined, refusal: answer };
  }
  if (answer.status !== 200) {
    throw protocol(url.href, `status ${answer.status} for a token: ${answer.words}`);
  }
  return { authorization: `Bearer ${tokenIn(answer, url.href)}` };
}

/**
 * Where a token is fetched. Over plain HTTP only where that is spoken with the registry as well, and from the same host or
 * one that is named for it.
 */
function tokenAddress(realm: string, origin: string, env: NodeJS.ProcessEnv): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const registry = new URL(origin);
  const inTheOpen = registry.protocol === "http:";
  const isNamed = url !== undefined && (url.hostname === registry.hostname || mayBePlain(url.host, env));
  const allowed =
    url?.protocol === "https:" || (url?.protocol === "http:" && (isLoopback(url.host) || (inTheOpen && isNamed)));
  if (url && allowed && !url.username && !url.password) {
    return url;
  }
  const remedy =
    url?.protocol !== "http:"
      ? ""
      : inTheOpen
        ? `; to allow it, add ${url.host} to VERSIONED_IMAGE_INSECURE_REGISTRIES`
        : "; set an https address in the registry's configuration (realm; for Harbor, external_url)";
  throw protocol(origin, `its token service, ${JSON.stringify(realm)}, is not an https address${remedy}`);
}

/** Whether a token service says clearly that there is no such repository: a 404 alone may be that of any web server. */
function knowsNoRepository({ status, origin, body }: Answer, asked: URL): boolean {
  return status === 404 && origin === asked.origin && codesIn(body.toString()).includes("NAME_UNKNOWN");
}

/** As the registry's specification of token authentication has it; with an identity token, as its OAuth 2 form. */
function tokenRequest(
  realm: URL,
  query: URLSearchParams,
  scopes: string[],
  credentials: Credentials | undefined,
): Request {
  const common = { limit: TOKEN_LIMIT, secrets: secretsOf(credentials) };
  if (credentials?.identityToken) {
    query.set("scope", scopes.join(" "));
    query.set("grant_type", "refresh_token");
    query.set("client_id", "versioned-image");
    query.set("refresh_token", credentials.identityToken);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { ...common, method: "POST", url: realm.href, headers, body: query.toString() };
  }
  const url = new URL(realm);
  for (const [key, value] of query) {
    url.searchParams.set(key, value);
  }
  url.searchParams.delete("scope");
  for (const scope of scopes) {
    url.searchParams.append("scope", scope);
  }
  const headers: Record<string, string> =
    credentials?.password === undefined ? {} : { authorization: basic(credentials) };
  return { ...common, method: "GET", url: url.href, headers };
}

function tokenIn({ body }: Answer, url: string): string {
  try {
    const { token, access_token } = Object(JSON.parse(body.toString())) as Record<string, unknown>;
    const found = token || access_token;
    // Nothing else may stand in a header (RFC 6750).
    if (typeof found === "string" && /^[\x21-\x7e]+$/.test(found)) {
      return found;
    }
  } catch {
    // Said below, without quoting what may be a secret.
  }
  throw protocol(url, "it has no token");
}

function basic({ username = "", password = "" }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** What a registry asks for with status 401. */
export interface Challenge {
  scheme: "basic" | "bearer";
  parameters: Record<string, string>;
}

/** Reads a WWW-Authenticate header (RFC 9110); challenges of other schemes are left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  const token = /\s*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?)\s*,?/y;
  let parameters: Record<string, string> | undefined;
  for (let match = token.exec(header); match?.[1]; match = token.exec(header)) {
    const [, name, quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) {
      const scheme = name.toLowerCase();
      parameters = {};
      if (scheme === "basic" || scheme === "bearer") {
        challenges.push({ scheme, parameters });
      }
    } else if (parameters) {
      parameters[name.toLowerCase()] = value;
    }
  }
  return challenges;
}
