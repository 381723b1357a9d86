import { VersionedImageError } from "../errors";
import { deniesAccess, isOwnAbsence } from "./absence";
import { type Access, type Login, logIn, secretsOf } from "./authorization";
import { ignoredEnvironment } from "./dockerAuthConfig";
import type { Credentials } from "./dockerConfig";
import { protocol } from "./failure";
import { loginAdvice } from "./hosts";
import { type Answer, type HttpOptions, type Method, send } from "./http";
import { findOrigin } from "./origin";

export interface SessionOptions extends HttpOptions {
  /**
   * The credentials for a registry, if there are any. Asked for only if the registry wants some, and again when it refuses
   * those that it was shown before: some end within the hour.
   */
  credentials(host: string): Promise<Credentials | undefined>;
}

export interface Call {
  method: Method;
  /** What the login must allow. One for reading is kept apart, so that it goes on working with credentials that may only read. */
  access: Access;
  /** The registry's host, as references name it. */
  host: string;
  /** The repository's name. */
  name: string;
  /** What follows /v2/NAME/; or where the registry said that an upload goes on, an address. */
  path: string;
  accept?: string;
  content?: { type: string; bytes: Buffer };
  limit: number;
  /** The statuses by which the registry refuses what was asked for: answers to this call, and no errors. */
  refusals?: number[];
}

/** Speaks with registries: finds out how to reach each, logs in where that is asked for, and remembers both. */
export interface Session {
  /**
   * The answer to a call: it has status 2xx, one of the call's refusals, or is the registry's own 404. Where HEAD does not
   * have status 200, it is the answer to GET. Throws RegistryUnauthorized, RegistryProtocol and what `send` throws.
   */
  call(call: Call): Promise<Answer>;
}

/** A login, and what it was made of. */
interface Kept {
  login: Login;
  challenged: Answer;
  credentials: Promise<Credentials | undefined>;
}

export function createSession(options: SessionOptions): Session {
  const origins = new Map<string, Promise<string>>();
  const credentials = new Map<string, Promise<Credentials | undefined>>();
  const logins = new Map<string, Promise<Kept>>();

  async function call(asked: Call): Promise<Answer> {
    const { access, host, name, path, accept, content, limit, refusals = [] } = asked;
    const origin = await remembered(origins, host, () => findOrigin(host, options));
    const url = URL.canParse(path) ? path : `${origin}/v2/${name}/${path}`;
    const key = `${host} ${name} ${access}`;
    /** The credentials from before this call, which may have ended. */
    const older = credentials.get(host);
    /** The login of this call, which is not tried to be bettered once more. */
    let made: Promise<Kept> | undefined;
    /** The token service's refusal. */
    let refusal: Answer | undefined;

    async function ask(method: Method, kept: Kept | undefined): Promise<Answer> {
      // An upload may go on at another host, which has no business with the login.
      const authorization = new URL(url).origin === origin ? kept?.login.authorization : undefined;
      const headers = {
        ...(accept && { accept }),
        ...(content && { "content-type": content.type }),
        ...(authorization && { authorization }),
      };
      const secrets = secretsOf(await credentials.get(host), authorization);
      return send({ method, url, headers, body: content?.bytes, limit, secrets }, options);
    }

    /** Makes one login for all who need another. */
    function renew(used: Promise<Kept> | undefined, challenged: Answer): Promise<Kept> {
      if (used !== undefined && logins.get(key) === used) {
        logins.delete(key);
      }
      return remembered(logins, key, async () => {
        const from = remembered(credentials, host, () => options.credentials(host));
        return {
          login: await logIn(challenged, { name, access }, await from, options),
          challenged,
          credentials: from,
        };
      });
    }

    /** Asks for a host's credentials anew, unless somebody has done so meanwhile. Whether they are others now. */
    async function renewCredentials(from: Promise<Credentials | undefined>): Promise<boolean> {
      if (credentials.get(host) === from) {
        credentials.delete(host);
      }
      const now = remembered(credentials, host, () => options.credentials(host));
      return JSON.stringify(await now) !== JSON.stringify(await from);
    }

    async function askLoggedIn(method: Method): Promise<Answer> {
      const used = logins.get(key);
      const before = await used;
      const answer = await ask(method, before);
      // What another host asks for, after a redirect, is no business of the registry's credentials.
      const wanted = answer.origin === origin && (answer.status === 401 || (answer.status === 403 && before));
      if (!wanted || (used !== undefined && used === made)) {
        return answer;
      }
      // Some registries say 403 of credentials that have ended; those that are as they were are refused for good.
      if (before && !(await renewCredentials(before.credentials)) && answer.status === 403) {
        made = used;
        return answer;
      }
      const challenged = answer.status === 401 ? answer : (before?.challenged ?? answer);
      made = renew(used, challenged);
      const after = await made;
      const better = await answerOf(method, after, answer);
      const isRefused = better.status === 401 || better.status === 403;
      if (!isRefused || older === undefined || after.credentials !== older) {
        return better;
      }
      if (!(await renewCredentials(older)) && better.status === 403) {
        return better;
      }
      made = renew(made, challenged);
      return answerOf(method, await made, answer);
    }

    async function answerOf(method: Method, kept: Kept, otherwise: Answer): Promise<Answer> {
      refusal = kept.login.refusal;
      if (refusal?.status === 404) {
        return refusal;
      }
      return kept.login.authorization === undefined ? otherwise : ask(method, kept);
    }

    let answer = await askLoggedIn(asked.method);
    if (asked.method === "HEAD" && answer.status !== 200 && !refusal) {
      answer = await askLoggedIn("GET");
    }
    if (refusals.includes(answer.status)) {
      return answer;
    }
    if (answer.status === 401 || answer.status === 403 || (answer.status === 404 && deniesAccess(answer))) {
      throw unauthorized(host, refusal ?? answer, await credentials.get(host), options.env);
    }
    if (answer.status === 404 && answer !== refusal) {
      requireOwnAbsence(answer, origin, url);
    } else if (answer.status !== 404 && (answer.status < 200 || answer.status >= 300)) {
      throw protocol(url, `status ${answer.status}: ${answer.words}`);
    }
    return answer;
  }

  return { call };
}

function requireOwnAbsence(answer: Answer, origin: string, url: string): void {
  if (answer.origin !== origin) {
    throw protocol(url, `it redirects to ${answer.origin}, where there is nothing (404)`);
  }
  if (!isOwnAbsence(answer)) {
    throw protocol(url, `404, which does not come from a registry (${answer.words})`);
  }
}

/** One promise for all who ask at the same time; a failed one is not kept. */
function remembered<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const kept = map.get(key);
  if (kept) {
    return kept;
  }
  const made = make();
  map.set(key, made);
  made.catch(() => {
    if (map.get(key) === made) {
      map.delete(key);
    }
  });
  return made;
}

function unauthorized(
  host: string,
  { status, words, origin }: Answer,
  credentials: Credentials | undefined,
  env: NodeJS.ProcessEnv,
): VersionedImageError {
  const advice = credentials?.explicit
    ? "See that the program's own credentials (registryAuth) are valid, and that their account may read and write there."
    : credentials
      ? `See that your account may read and write there; to log in again, run ${loginAdvice(host)}`
      : `It was asked without credentials: run ${loginAdvice(host)}`;
  const ignored = credentials?.explicit ? undefined : ignoredEnvironment(env);
  const by = new URL(origin).host;
  return new VersionedImageError(
    "RegistryUnauthorized",
    `The registry ${host} refused access (${status}${by === host ? "" : ` from ${by}`}): ${words}. ${advice}` +
      (ignored === undefined ? "" : `. ${ignored}`),
  );
}
