import type { Configuration } from "@kubernetes/client-node";
import { type Cluster, LIMIT } from "./connection";

/** What the client makes of a kubeconfig: where to send a request, by what, and with which credentials. */
class Sender {
  constructor(readonly configuration: Configuration) {}
}

/**
 * What an API server answers to a GET, as it is: the client's own types leave out what they don't know. `limit` is in milliseconds.
 * Throws what `failed` of connection.ts reads.
 */
export async function ask(
  { client, config }: Cluster,
  path: string,
  query: Record<string, string | undefined> = {},
  limit = LIMIT,
): Promise<unknown> {
  const { baseServer, httpApi, authMethods } = config.makeApiClient(Sender).configuration;
  const request = baseServer.makeRequestContext(path, client.HttpMethod.GET);
  request.setHeaderParam("Accept", "application/json");
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      request.setQueryParam(name, value);
    }
  }
  request.setSignal(AbortSignal.timeout(limit));
  await authMethods.default?.applySecurityAuthentication(request);
  const { httpStatusCode, headers, body } = await httpApi.send(request).toPromise();
  const text = await body.text();
  if (httpStatusCode !== 200) {
    throw new client.ApiException(httpStatusCode, "", text, headers);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is answered with something else than JSON`, { cause: error });
  }
}
