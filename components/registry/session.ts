import { VersionedImageError } from "../errors";
import { type Access, type Login, logIn, secretsOf } from "./authorization";
import type { Credentials } from "./dockerConfig";
import { protocol } from "./failure";
import { loginAdvice } from "./hosts";
import { type Answer, type HttpOptions, type Request, send, withWords } from "./http";
import { findOrigin } from "./origin";

export interface SessionOptions extends HttpOptions {
  /** The credentials for a registry, if there are any. Asked for once for each host, and only if the registry wants some. */
  credentials(host: string): Promise<Credentials | undefined>;
}

export interface Call {
  method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** What the login must allow. A login for reading is kept apart, so that it goes on working with credentials that may only read. */
  access: Access;
  /** The registry's host, as references name it. */
  host: string;
  /** The repository's name. */
  name: string;
  /** What follows /v2/NAME/. */
  path: string;
  accept?: string;
  content?: { type: string; bytes: Buffer };
  limit: number;
  /** The statuses by which the registry refuses what was asked for: answers to this call, and no errors. */
  refusals?: number[];
}

/** Speaks with registries: finds out how to reach each, logs in where that is asked for, and remembers both. */
export interface Session {
  /** The answer to a call, which has status 404, 2xx or one of its refusals. Throws RegistryUnauthorized and what `send` throws. */
  call(call: Call): Promise<Answer>;
}

export function createSession(options: SessionOptions): Session {
  const origins = new Map<string, Promise<string>>();
  const credentials = new Map<string, Promise<Credentials | undefined>>();
  const logins = new Map<string, Promise<Login>>();

  async function call({
    method,
    access,
    host,
    name,
    path,
    accept,
    content,
    limit,
    refusals = [],
  }: Call): Promise<Answer> {
    const origin = await remembered(origins, host, () => findOrigin(host, options));
    const url = `${origin}/v2/${name}/${path}`;
    const key = `${host} ${name} ${access}`;

    async function requestWith(login: Login | undefined): Promise<Request> {
      const authorization = login?.authorization;
      const headers = {
        ...(accept && { accept }),
        ...(content && { "content-type": content.type }),
        ...(authorization && { authorization }),
      };
      return {
        method,
        url,
        headers,
        body: content?.bytes,
        limit,
        secrets: secretsOf(await credentials.get(host), authorization),
      };
    }

    const used = logins.get(key);
    let request = await requestWith(await used);
    let answer = await send(request, options);
    // What another host asks for, after a redirect, is no business of the registry's credentials.
    if (answer.status === 401 && answer.origin === origin) {
      const challenged = answer;
      const found = await remembered(credentials, host, () => options.credentials(host));
      if (used !== undefined && logins.get(key) === used) {
        // Tokens end; the next one is asked for once.
        logins.delete(key);
      }
      const login = await remembered(logins, key, () => logIn(challenged, { name, access }, found, options));
      if (login.refusal?.status === 404) {
        return login.refusal;
      }
      if (login.authorization === undefined) {
        throw unauthorized(host, login.refusal ?? (await withWords(request, answer, options)), found);
      }
      request = await requestWith(login);
      answer = await send(request, options);
    }
    if (refusals.includes(answer.status)) {
      return answer;
    }
    if (answer.status === 401 || answer.status === 403) {
      throw unauthorized(host, await withWords(request, answer, options), await credentials.get(host));
    }
    if (answer.status === 404 && answer.origin !== origin) {
      throw protocol(url, `it redirects to ${answer.origin}, where there is nothing (404)`);
    }
    if (answer.status !== 404 && (answer.status < 200 || answer.status >= 300)) {
      const { status, words } = await withWords(request, answer, options);
      throw protocol(url, `status ${status}: ${words}`);
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

function unauthorized(
  host: string,
  { status, words, origin }: Answer,
  credentials: Credentials | undefined,
): VersionedImageError {
  const advice = credentials?.explicit
    ? "See that the program's own credentials (registryAuth) are valid, and that their account may read and write there."
    : credentials
      ? `See that your account may read and write there; to log in again, run ${loginAdvice(host)}`
      : `It was asked without credentials: run ${loginAdvice(host)}`;
  const by = new URL(origin).host;
  return new VersionedImageError(
    "RegistryUnauthorized",
    `The registry ${host} refused access (${status}${by === host ? "" : ` from ${by}`}): ${words}. ${advice}`,
  );
}
