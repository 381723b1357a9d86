import type { ConfigurationOptions, KubeConfig } from "@kubernetes/client-node";
import { VersionedImageError } from "../../components/errors";

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
  const open = (file: string | undefined) => loadConfig(new client.KubeConfig(), file);
  const files = kubeconfig.length > 0 ? kubeconfig : [undefined];
  if (kubeContext.length === 0) {
    return files.map((file) => clusterOf(client, open(file)));
  }
  return kubeContext.map((context) => {
    const configs = files.map(open);
    const config = configs.find((each) => each.getContextObject(context) !== null);
    if (!config) {
      const known = configs.flatMap((each) => each.getContexts().map(({ name }) => name)).join(", ") || "none";
      throw new VersionedImageError(
        "ClusterFailed",
        `No kubeconfig has the context ${context}: name one that there is (${known}), or its file with --kubeconfig.`,
      );
    }
    config.setCurrentContext(context);
    return clusterOf(client, config);
  });
}

/** The cluster of a kubeconfig's current context; without a file, as kubectl finds it. Throws ClusterFailed. */
export async function openCluster(kubeconfig: string | undefined): Promise<Cluster> {
  const client = await loadClient();
  return clusterOf(client, loadConfig(new client.KubeConfig(), kubeconfig));
}

function clusterOf(client: Client, config: KubeConfig): Cluster {
  const name = config.getCurrentContext();
  const server = config.getCurrentCluster()?.server;
  // What the client falls back to where it finds no configuration at all.
  if (server === undefined || (name === "loaded-context" && server === "http://localhost:8080")) {
    throw new VersionedImageError(
      "ClusterFailed",
      "There is no cluster to ask: name a file that has a current context with --kubeconfig or the variable KUBECONFIG.",
    );
  }
  return { client, config, name, server, namespace: config.getContextObject(name)?.namespace ?? "default" };
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
    return config;
  } catch (error) {
    throw failed(`The kubeconfig${file === undefined ? "" : ` ${file}`} can't be read`, error, 0);
  }
}

/** For each request, since the client has no limit of its own; in milliseconds. */
export function limitedTo({ client: { Observable } }: Cluster, limit: number): ConfigurationOptions {
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

/** The error ClusterFailed for what the client threw. */
export function failed(what: string, error: unknown, limit: number): VersionedImageError {
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
