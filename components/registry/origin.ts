import { closesWithoutWord, speaksPlainHttp } from "./failure";
import { apiHost, mayBePlain } from "./hosts";
import { send } from "./http";
import type { Answer, HttpOptions, Request } from "./request";

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
