import { speaksPlainHttp } from "./failure";
import { apiHost, mayBePlain } from "./hosts";
import { type HttpOptions, send } from "./http";

const LIMIT = 1024 * 1024;

/**
 * Where a registry's API is. Where plain HTTP is allowed it is spoken only with a server that answers TLS with it: a
 * refusal, a time-out or a certificate that is not trusted does not lead to it.
 */
export async function findOrigin(host: string, options: HttpOptions): Promise<string> {
  const api = apiHost(host);
  if (!mayBePlain(api, options.env)) {
    return `https://${api}`;
  }
  try {
    await send({ method: "GET", url: `https://${api}/v2/`, headers: {}, limit: LIMIT, secrets: [] }, options);
    return `https://${api}`;
  } catch (error) {
    if (speaksPlainHttp(error)) {
      return `http://${api}`;
    }
    throw error;
  }
}
