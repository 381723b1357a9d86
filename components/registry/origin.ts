import { closesWithoutWord, speaksPlainHttp } from "./failure";
import { apiHost, mayBePlain } from "./hosts";
import { type HttpOptions, type Request, send } from "./http";

const LIMIT = 1024 * 1024;

/**
 * Where a registry's API is. Where plain HTTP is allowed it is spoken only with a server that answers TLS with it, or with
 * one that closes the connection without a word and then speaks it as a registry does: a refusal, a time-out or a
 * certificate that is not trusted does not lead to it.
 */
export async function findOrigin(host: string, options: HttpOptions): Promise<string> {
  const api = apiHost(host);
  const [tls, plain] = [`https://${api}`, `http://${api}`];
  if (!mayBePlain(api, options.env)) {
    return tls;
  }
  const answersTls = (more: Partial<Request>) => send({ ...probe(tls), ...more }, options).then(() => tls);
  try {
    return await answersTls({ isLasting: closesWithoutWord });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (speaksPlainHttp(cause)) {
      return plain;
    }
    if (!closesWithoutWord(cause)) {
      throw error;
    }
  }
  // A server of TLS that was busy answers plain HTTP with 400, or by closing that, too: then it is asked again.
  return (await answersAsRegistry(plain, options)) ? plain : answersTls({});
}

async function answersAsRegistry(plain: string, options: HttpOptions): Promise<boolean> {
  try {
    const { origin, status } = await send({ ...probe(plain), isLasting: () => true }, options);
    return origin === plain && status !== 400;
  } catch {
    // Whatever kept it from that: TLS has the last word.
    return false;
  }
}

function probe(origin: string): Request {
  return { method: "GET", url: `${origin}/v2/`, headers: {}, limit: LIMIT, secrets: [] };
}
