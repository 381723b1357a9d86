import type { ConfigurationOptions, KubeConfig } from "@kubernetes/client-node";
import { VersionedImageError } from "../../components/errors";
import { type Workloads, workloadsOf } from "./workloads";

export interface ClusterFlags {
  kubeconfig?: string;
  namespace?: string;
}

/** How long the API server may take for an answer, in milliseconds. */
const LIMIT = 10_000;

type Client = typeof import("@kubernetes/client-node");

/**
 * Asks a cluster what a namespace runs, as kubectl would: the kubeconfig may name a program that gives the credentials, which
 * is then run. Throws ClusterFailed with what to do.
 */
export async function readWorkloads(flags: ClusterFlags, limit = LIMIT): Promise<Workloads> {
  const client = await loadClient();
  const config = loadConfig(new client.KubeConfig(), flags.kubeconfig);
  const namespace = flags.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  const options = limitedTo(client, limit);
  try {
    const [deployments, pods] = await Promise.all([
      config.makeApiClient(client.AppsV1Api).listNamespacedDeployment({ namespace }, options),
      config.makeApiClient(client.CoreV1Api).listNamespacedPod({ namespace }, options),
    ]);
    return workloadsOf(namespace, deployments.items, pods.items);
  } catch (error) {
    throw failed(`${config.getCurrentCluster()?.server} did not say what namespace ${namespace} runs`, error, limit);
  }
}

/** Only who asks for a cluster needs the client, which takes long to load. */
async function loadClient(): Promise<Client> {
  try {
    return await import("@kubernetes/client-node");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") {
      throw error;
    }
    throw new VersionedImageError(
      "ClusterFailed",
      "Comparing with a cluster needs Kubernetes' client, which is not installed: npm install @kubernetes/client-node",
      { cause: error },
    );
  }
}

function loadConfig(config: KubeConfig, file: string | undefined): KubeConfig {
  try {
    if (file === undefined) {
      config.loadFromDefault();
    } else {
      config.loadFromFile(file);
    }
  } catch (error) {
    throw failed(`The kubeconfig${file === undefined ? "" : ` ${file}`} can't be read`, error, 0);
  }
  const server = config.getCurrentCluster()?.server;
  // What the client falls back to where it finds no configuration at all.
  if (server === undefined || (config.getCurrentContext() === "loaded-context" && server === "http://localhost:8080")) {
    throw new VersionedImageError(
      "ClusterFailed",
      "There is no cluster to ask: name a file that has a current context with --kubeconfig or the variable KUBECONFIG.",
    );
  }
  return config;
}

/** The client has no limit of its own. */
function limitedTo({ Observable }: Client, limit: number): ConfigurationOptions {
  const middleware: ConfigurationOptions["middleware"] = [
    {
      pre: (request) => {
        request.setSignal(AbortSignal.timeout(limit));
        return new Observable(Promise.resolve(request));
      },
      post: (response) => new Observable(Promise.resolve(response)),
    },
  ];
  return { middleware, middlewareMergeStrategy: "append" };
}

function failed(what: string, error: unknown, limit: number): VersionedImageError {
  return new VersionedImageError(
    "ClusterFailed",
    `${what}: ${wordsOf(error, limit)}. See that the same works with kubectl.`,
    { cause: error },
  );
}

/** What went wrong, without the headers and bodies that the client puts into its messages. */
function wordsOf(error: unknown, limit: number): string {
  const { name, message, code, body, cause } = error as Error & { code?: unknown; body?: unknown };
  if (name === "TimeoutError") {
    return `no answer within ${limit / 1000} seconds`;
  }
  if (typeof code === "number") {
    return `HTTP ${code}${statusMessage(body)}`;
  }
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function statusMessage(body: unknown): string {
  try {
    const { message } = (typeof body === "string" ? JSON.parse(body) : body) as { message?: unknown };
    return typeof message === "string" ? `, ${message}` : "";
  } catch {
    // It is no Status object, which only an API server sends; the number says enough.
    return "";
  }
}
