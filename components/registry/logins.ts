import { challengesOf, type Login, logIn, type Scope } from "./authorization";
import type { Credentials } from "./credentials";
import { closesWithoutWord, speaksPlainHttp } from "./failure";
import { apiHost, mayBePlain } from "./hosts";
import { send } from "./http";
import type { Answer, HttpOptions, Request } from "./request";

/** A repository of a registry's host, as references name it, and what is to be done with it. */
export interface Place extends Scope {
  host: string;
}

/** A login, and what it was made of. */
export interface Kept {
  login: Login;
  challenged: Answer;
  credentials: Promise<Credentials | undefined>;
}

export interface LoginOptions extends HttpOptions {
  /**
   * The credentials for a registry, if there are any. Asked for only if the registry wants some, and again when it refuses
   * those that it was shown before: some end within the hour.
   */
  credentials(host: string): Promise<Credentials | undefined>;
}

/** How a session reaches registries and logs in to them: each is found out once, for all who need it at the same time. */
export class Logins {
  private readonly origins = new Map<string, Promise<Origin>>();
  private readonly greetings = new Map<string, Promise<Answer>>();
  private readonly made = new Map<string, Promise<Kept>>();
  private readonly settled = new Map<string, Kept>();
  private readonly asked = new Map<string, Promise<Credentials | undefined>>();

  constructor(private readonly options: LoginOptions) {}

  /** Where a registry's API is. */
  reach(host: string): Promise<Origin> {
    return remembered(this.origins, host, () => findOrigin(host, this.options));
  }

  /** What a registry wants from whoever comes without a login, if there are credentials to log in with. */
  async challengeOf(host: string): Promise<Answer | undefined> {
    const { origin, greeting } = await this.reach(host);
    const greeted = await remembered(this.greetings, host, async () => greeting ?? greet(origin, this.options));
    const isAsked = greeted.origin === origin && challengesOf(greeted).length > 0;
    return isAsked && (await this.credentials(host)) ? greeted : undefined;
  }

  /** The login that there is, or is being made. */
  async of(place: Place): Promise<Kept | undefined> {
    return this.made.get(keyOf(place));
  }

  /** The login that is ready now. */
  ready(place: Place): Kept | undefined {
    return this.settled.get(keyOf(place));
  }

  /** Makes another login in place of one that was used, unless somebody has done so meanwhile. */
  renew(place: Place, used: Kept | undefined, challenged: Answer): Promise<Kept> {
    const key = keyOf(place);
    if (used !== undefined && this.settled.get(key) === used) {
      this.made.delete(key);
      this.settled.delete(key);
    }
    return remembered(this.made, key, async () => {
      const credentials = this.credentials(place.host);
      const login = await logIn(challenged, place, await credentials, this.options);
      const kept = { login, challenged, credentials };
      this.settled.set(key, kept);
      return kept;
    });
  }

  /**
   * Another login than that which got an answer; undefined if there is none that could get a better one: some registries say 403
   * of credentials that have ended, but those that are as they were are refused for good.
   */
  async again(place: Place, used: Kept | undefined, answer: Answer): Promise<Kept | undefined> {
    if (used && !(await this.renewCredentials(place.host, used.credentials)) && answer.status === 403) {
      return undefined;
    }
    const isChallenge = challengesOf(answer).length > 0;
    const challenged = isChallenge ? answer : (used?.challenged ?? (await this.challengeOf(place.host)) ?? answer);
    return this.renew(place, used, challenged);
  }

  /** The credentials that were asked for already. */
  knownCredentials(host: string): Promise<Credentials | undefined> | undefined {
    return this.asked.get(host);
  }

  private credentials(host: string): Promise<Credentials | undefined> {
    return remembered(this.asked, host, () => this.options.credentials(host));
  }

  /** Asks for a host's credentials anew, unless somebody has done so meanwhile. Whether they are others now. */
  private async renewCredentials(host: string, from: Promise<Credentials | undefined>): Promise<boolean> {
    if (this.asked.get(host) === from) {
      this.asked.delete(host);
    }
    return JSON.stringify(await this.credentials(host)) !== JSON.stringify(await from);
  }
}

function keyOf({ host, name, access, mountFrom = "" }: Place): string {
  return `${host} ${name} ${access} ${mountFrom}`;
}

/** One promise for all who ask at the same time; a failed one is not kept. */
export function remembered<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
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

const LIMIT = 1024 * 1024;

/** Where a registry's API is. */
export interface Origin {
  origin: string;
  /** What it answered to `greet`, if it was asked to find this out. */
  greeting: Answer | undefined;
}

/**
 * Finds a registry's API. Where plain HTTP is allowed it is spoken only with a server that answers TLS with it, or with
 * one that closes the connection without a word and then speaks it as a registry does: a refusal, a time-out or a
 * certificate that is not trusted does not lead to it.
 */
export async function findOrigin(host: string, options: HttpOptions): Promise<Origin> {
  const api = apiHost(host);
  const [tls, plain] = [`https://${api}`, `http://${api}`];
  if (!mayBePlain(api, options.env)) {
    return { origin: tls, greeting: undefined };
  }
  const answersTls = async (more: Partial<Request>) => ({ origin: tls, greeting: await greet(tls, options, more) });
  try {
    return await answersTls({ isLasting: closesWithoutWord });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (speaksPlainHttp(cause)) {
      return { origin: plain, greeting: undefined };
    }
    if (!closesWithoutWord(cause)) {
      throw error;
    }
  }
  // A server of TLS that was busy answers plain HTTP with 400, or by closing that, too: then it is asked again.
  const greeting = await greetingInTheOpen(plain, options);
  return greeting ? { origin: plain, greeting } : answersTls({});
}

/** Asks for what every registry has, which some answer with how to log in. */
export function greet(origin: string, options: HttpOptions, more: Partial<Request> = {}): Promise<Answer> {
  return send({ method: "GET", url: `${origin}/v2/`, headers: {}, limit: LIMIT, secrets: [], ...more }, options);
}

async function greetingInTheOpen(plain: string, options: HttpOptions): Promise<Answer | undefined> {
  try {
    const greeting = await greet(plain, options, { isLasting: () => true });
    return greeting.origin === plain && greeting.status !== 400 ? greeting : undefined;
  } catch {
    // Whatever kept it from that: TLS has the last word.
    return undefined;
  }
}
