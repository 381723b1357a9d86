import * as path from "node:path";
import type { Cluster, Context, User } from "@kubernetes/client-node";
import { VersionedImageError } from "../../components/errors";
import { credentialsOf } from "./credentials";
import type { Kubeconfig } from "./kubeconfigFile";
import { serverOf } from "./server";

/** As the client has it: the current context alone, with its cluster and its user. */
interface Current {
  clusters: Cluster[];
  users: User[];
  contexts: Context[];
  currentContext: string;
}

/** What the current context says is asked. Throws ClusterFailed where it names what is not there. */
export function currentOf({ currentContext, contexts, clusters, users }: Kubeconfig): Current {
  if (currentContext === undefined) {
    const known = [...contexts.keys()].join(", ");
    throw new VersionedImageError(
      "ClusterFailed",
      "There is no cluster to ask: name a file that has a current context with --kubeconfig or the variable KUBECONFIG" +
        (known === "" ? "." : `, or set one of ${known} with kubectl config use-context.`),
    );
  }
  const context = contexts.get(currentContext);
  if (!context) {
    throw broken(
      currentContext,
      "is the current one, but no kubeconfig has it",
      "kubectl config use-context sets another",
    );
  }
  const { cluster: clusterName, user: userName } = context;
  const cluster = clusterName === undefined ? undefined : clusters.get(clusterName);
  if (clusterName === undefined || !cluster) {
    const lacks = clusterName === undefined ? "has no cluster" : `has a cluster that no kubeconfig has: ${clusterName}`;
    throw broken(currentContext, lacks, `kubectl config set-context ${currentContext} --cluster sets it`);
  }
  const user = userName === undefined ? undefined : users.get(userName);
  if (userName !== undefined && !user) {
    const lacks = `has a user that no kubeconfig has: ${userName}`;
    throw broken(currentContext, lacks, `kubectl config set-context ${currentContext} --user sets it`);
  }
  const server = serverOf(clusterName, cluster);
  // The client checks the server's certificate only where there is a user.
  const name = userName ?? "";
  return {
    clusters: [server],
    users: [user ? credentialsOf(name, user, cluster, server) : { name }],
    contexts: [{ name: currentContext, cluster: clusterName, user: name, namespace: context.namespace }],
    currentContext,
  };
}

function broken(context: string, why: string, advice: string): VersionedImageError {
  return new VersionedImageError(
    "ClusterFailed",
    `The context ${context} ${why}: ${advice}. The variable KUBECONFIG names more files, separated by "${path.delimiter}".`,
  );
}
