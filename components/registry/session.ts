import type { VersionedImageError } from "../errors";
import { secretsOf } from "./authorization";
import { deniesAccess, isOwnAbsence } from "./errorMessage";
import { protocol, unauthorized } from "./failure";
import { type NoAnswer, send, sendOnce } from "./http";
import { type Kept, type LoginOptions, Logins, type Place } from "./logins";
import type { Answer, Inflow, Method, Outflow, Request } from "./request";
import { inTurn } from "./turns";

/** `access`: a login for reading is kept apart, so that it goes on working with credentials that may only read. */
export interface Call extends Place {
  method: Method;
  /** What follows /v2/NAME/; or where the registry said that an upload goes on, an address. */
  path: string;
  accept?: string;
  content?: { type: string; bytes: Buffer | Outflow };
  /** Takes what is there as it comes. */
  inflow?: Inflow;
  /** Of its answer, in bytes. */
  limit: number;
  /** How often it is tried. Default: 3 times. */
  tries?: number;
  /**
   * The statuses by which the registry refuses what was asked for: answers to this call, and no errors. To HEAD they need no words, so
   * that GET is not asked for them.
   */
  refusals?: number[];
}

/** That a call was sent once and has no answer that says anything, or that the login for it was not taken (any more). */
export type Unanswered = NoAnswer | { kind: "loginEnded" };

/** Speaks with registries: finds out how to reach each, logs in where that is asked for, and remembers both. */
export interface Session {
  /**
   * The answer to a call: it has status 2xx, one of the call's refusals, or is the registry's own 404, given to the login that is
   * configured. Where HEAD does not have status 200, it is the answer to GET. Throws RegistryUnauthorized, RegistryProtocol and what
   * `send` throws.
   */
  call(call: Call): Promise<Answer>;
  /**
   * Holds a turn of the host's for work whose calls are each sent once, with the login that was made before. One that has ended is
   * renewed when the work is done; RegistryUnauthorized is thrown where that does not help.
   */
  inOneTurn<T>(place: Place, work: (once: (call: Call) => Promise<Answer | Unanswered>) => Promise<T>): Promise<T>;
}

export function createSession(options: LoginOptions): Session {
  const logins = new Logins(options);
  /** For what a login was renewed, or found to be as good as can be, after it was refused: if it is again, that is for good. */
  const renewedFor = new WeakMap<Kept, Method>();

  /** A call as a request with a login, if there is one. */
  async function requestOf(asked: Call, method: Method, kept: Kept | undefined): Promise<Request> {
    const { accept, content, limit, inflow, tries } = asked;
    const { origin, url } = await addressOf(asked);
    // An upload may go on at another host, which has no business with the login.
    const authorization = new URL(url).origin === origin ? kept?.login.authorization : undefined;
    const headers = {
      ...(accept && { accept }),
      ...(content && { "content-type": content.type }),
      ...(content && "size" in content.bytes && { "content-length": String(content.bytes.size) }),
      ...(authorization && { authorization }),
    };
    return {
      method,
      url,
      headers,
      body: content?.bytes,
      inflow,
      tries,
      limit,
      secrets: secretsOf(await kept?.credentials, authorization),
    };
  }

  async function addressOf({ host, name, path }: Call): Promise<{ origin: string; url: string }> {
    const { origin } = await logins.reach(host);
    return { origin, url: URL.canParse(path) ? path : `${origin}/v2/${name}/${path}` };
  }

  /**
   * Whether another login could get a better answer. What another host says, after a redirect, is no business of the registry's
   * credentials; and an absence counts where those that are configured were tried.
   */
  async function wantsLogin(asked: Call, answer: Answer, kept: Kept | undefined): Promise<boolean> {
    if (answer.origin !== (await addressOf(asked)).origin || ![401, 403, 404].includes(answer.status)) {
      return false;
    }
    const isAnonymous = kept?.login.authorization === undefined;
    return (
      answer.status === 401 ||
      (answer.status === 403 && kept !== undefined) ||
      (isAnonymous && (await logins.challengeOf(asked.host)) !== undefined)
    );
  }

  async function refusalOf(host: string, answer: Answer): Promise<VersionedImageError> {
    return unauthorized(host, answer, await logins.knownCredentials(host), options.env);
  }

  async function call(asked: Call): Promise<Answer> {
    /** The credentials from before this call, which may have ended. */
    const older = logins.knownCredentials(asked.host);
    /** The login of this call, which is not tried to be bettered once more. */
    let made: Kept | undefined;

    async function askLoggedIn(method: Method): Promise<Told> {
      let kept = await logins.of(asked);
      let refusal: Answer | undefined;
      let answer = await send(await requestOf(asked, method, kept), options);
      while ((kept === undefined || kept !== made) && (await wantsLogin(asked, answer, kept))) {
        const next = await logins.again(asked, kept, answer);
        if (next === undefined || next.credentials !== older) {
          made = next ?? kept;
        }
        if (next === undefined) {
          break;
        }
        kept = next;
        refusal = kept.login.refusal;
        if (refusal?.status === 404) {
          return { answer: refusal, kept, refusal };
        }
        if (kept.login.authorization !== undefined) {
          answer = await send(await requestOf(asked, method, kept), options);
        }
      }
      return { answer, kept, refusal };
    }

    const told = await askLoggedIn(asked.method);
    const { status } = told.answer;
    const isTold =
      asked.method !== "HEAD" || status === 200 || told.refusal !== undefined || asked.refusals?.includes(status);
    return clearAnswer(asked, isTold ? told : await askLoggedIn("GET"));
  }

  /** The answer, if it says clearly what there is. */
  async function clearAnswer(asked: Call, { answer, kept, refusal }: Told): Promise<Answer> {
    const { status } = answer;
    if (asked.refusals?.includes(status)) {
      return answer;
    }
    if (status === 401 || status === 403 || (status === 404 && deniesAccess(answer))) {
      throw await refusalOf(asked.host, refusal ?? answer);
    }
    if (status === 404 && answer !== refusal) {
      const { origin, url } = await addressOf(asked);
      if (answer.origin === origin && kept?.login.authorization === undefined && (await kept?.credentials)) {
        throw await refusalOf(asked.host, refusal ?? kept?.challenged ?? answer);
      }
      requireOwnAbsence(answer, origin, url);
    } else if (status !== 404 && (status < 200 || status >= 300)) {
      throw protocol((await addressOf(asked)).url, `status ${status}: ${answer.words}`);
    }
    return answer;
  }

  /** The login for a place, which is made if one is configured, so that none has to be made within a turn. */
  async function prepare(place: Place): Promise<Kept | undefined> {
    const kept = await logins.of(place);
    const challenged = kept?.login.authorization === undefined ? await logins.challengeOf(place.host) : undefined;
    if (!challenged) {
      return kept;
    }
    const made = await logins.renew(place, kept, challenged);
    await requireLogin(place, made, challenged);
    return made;
  }

  async function requireLogin({ host }: Place, { login }: Kept, answer: Answer): Promise<void> {
    if (login.authorization === undefined && login.refusal?.status !== 404) {
      throw await refusalOf(host, login.refusal ?? answer);
    }
  }

  /** Makes another login after the answer to a call that was sent once. */
  async function renew(place: Place, { answer, kept }: Told): Promise<void> {
    const next = (await logins.again(place, kept, answer)) ?? kept;
    if (next && kept) {
      renewedFor.set(next, answer.method);
    }
    if (next && next !== kept) {
      await requireLogin(place, next, answer);
    }
  }

  async function inOneTurn<T>(
    place: Place,
    work: (once: (call: Call) => Promise<Answer | Unanswered>) => Promise<T>,
  ): Promise<T> {
    const { origin } = await logins.reach(place.host);
    const prepared = await prepare(place);
    let ended: Told | undefined;

    async function once(asked: Call): Promise<Answer | Unanswered> {
      // Where somebody is making another one, that is not waited for.
      const kept = logins.ready(place) ?? prepared;
      const refusal = kept?.login.refusal;
      if (refusal?.status === 404) {
        return clearAnswer(asked, { answer: refusal, kept, refusal });
      }
      const answer = await sendOnce(await requestOf(asked, asked.method, kept), options);
      if ("kind" in answer) {
        return answer;
      }
      const isRefused = answer.status === 401 || (answer.status === 403 && kept !== undefined);
      const isForGood = kept !== undefined && renewedFor.get(kept) === asked.method;
      if (isRefused && answer.origin === origin && !isForGood) {
        ended = { answer, kept };
        return { kind: "loginEnded" };
      }
      if (isForGood) {
        renewedFor.delete(kept);
      }
      return clearAnswer(asked, { answer, kept });
    }

    const result = await inTurn(new URL(origin).host, () => work(once));
    if (ended) {
      await renew(place, ended);
    }
    return result;
  }

  return { call, inOneTurn };
}

/** An answer, and the login that got it. */
interface Told {
  answer: Answer;
  kept: Kept | undefined;
  /** The token service's refusal, if a login was asked for in vain. */
  refusal?: Answer;
}

function requireOwnAbsence(answer: Answer, origin: string, url: string): void {
  if (answer.origin !== origin) {
    throw protocol(url, `it redirects to ${answer.origin}, which answers 404`);
  }
  if (!isOwnAbsence(answer)) {
    throw protocol(url, `404, which does not come from a registry (${answer.words})`);
  }
}
