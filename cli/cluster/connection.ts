import { existsSync } from "node:fs";
import type { Configuration, KubeConfig } from "@kubernetes/client-node";
import { clusterFailed } from "./clusterFailed";
import { currentOf } from "./currentContext";
import { type Kubeconfig, readKubeconfig } from "./kubeconfig";
import { ProgramAuth } from "./programAuth";

/** How long an API server may take for an answer, in milliseconds. */
export const LIMIT = 10_000;

type Client = typeof import("@kubernetes/client-node");

/** A cluster that can be asked, as one context of a kubeconfig names it. */
export interface Cluster {
  client: Client;
  config: KubeConfig;
  /** The context. */
  name: string;
  /** The API server's address. */
  server: string;
  /** The context's namespace. */
  namespace: string;
}

/** Which clusters are meant. */
export interface ClusterNames {
  /** Files; none: as kubectl finds them. */
  kubeconfig?: string[];
  /** Contexts, each of the first file that has it; none: the current context of each file. */
  kubeContext?: string[];
}

/**
 * The clusters that are named, not yet asked. A kubeconfig may name a program that gives the credentials; it is run when the
 * cluster is asked, as kubectl would. Throws ClusterFailed with what to do.
 */
export async function openClusters({ kubeconfig = [], kubeContext = [] }: ClusterNames): Promise<Cluster[]> {
  const client = await loadClient();
  const configs = (kubeconfig.length > 0 ? kubeconfig : [undefined]).map((file) => readKubeconfig(file, client));
  if (kubeContext.length === 0) {
    return configs.map((config) => clusterOf(client, config));
  }
  return kubeContext.map((context) => {
    const config = configs.find(({ contexts }) => contexts.has(context));
    if (!config) {
      const known = configs.flatMap(({ contexts }) => [...contexts.keys()]).join(", ") || "none";
      throw clusterFailed(
        `No kubeconfig has the context ${context}. Name an existing one (${known}), or its file with --kubeconfig.`,
      );
    }
    return clusterOf(client, { ...config, currentContext: context });
  });
}

/** The cluster of a kubeconfig's current context; without a file, as kubectl finds it. Throws ClusterFailed. */
export async function openCluster(kubeconfig: string | undefined): Promise<Cluster> {
  const client = await loadClient();
  return clusterOf(client, readKubeconfig(kubeconfig, client));
}

function clusterOf(client: Client, kubeconfig: Kubeconfig): Cluster {
  const config = new client.KubeConfig();
  if (isEmpty(kubeconfig) && isInPod()) {
    config.loadFromCluster();
  } else {
    config.addAuthenticator(new ProgramAuth());
    config.loadFromOptions(currentOf(kubeconfig));
  }
  const name = config.getCurrentContext();
  const { server = "" } = config.getCurrentCluster() ?? {};
  return { client, config, name, server, namespace: config.getContextObject(name)?.namespace ?? "default" };
}

function isEmpty({ currentContext, contexts, clusters, users }: Kubeconfig): boolean {
  return currentContext === undefined && contexts.size + clusters.size + users.size === 0;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** In a pod without a kubeconfig it is the pod's cluster that is asked, as its service account. */
function isInPod(): boolean {
  const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
  return Boolean(KUBERNETES_SERVICE_HOST && KUBERNETES_SERVICE_PORT) && existsSync(SERVICE_ACCOUNT);
}

/** Only who asks for a cluster needs the client, which takes long to load. */
async function loadClient(): Promise<Client> {
  try {
    return await import("@kubernetes/client-node");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") {
      throw error;
    }
    throw clusterFailed("The Kubernetes client is not installed. Run npm install @kubernetes/client-node", error);
  }
}

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
    throw new Error(`the answer to ${path} is not JSON`, { cause: error });
  }
}
