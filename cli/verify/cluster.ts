import { failed, LIMIT, limitedTo, openCluster } from "../cluster";
import { type Workloads, workloadsOf } from "./workloads";

export interface ClusterFlags {
  kubeconfig?: string;
  namespace?: string;
}

/**
 * Asks a cluster what a namespace runs, as kubectl would: the kubeconfig may name a program that gives the credentials, which
 * is then run. Throws ClusterFailed with what to do.
 */
export async function readWorkloads(flags: ClusterFlags, limit = LIMIT): Promise<Workloads> {
  const cluster = await openCluster(flags.kubeconfig);
  const { client, config, server } = cluster;
  const namespace = flags.namespace ?? cluster.namespace;
  const options = limitedTo(cluster, limit);
  try {
    const [deployments, pods] = await Promise.all([
      config.makeApiClient(client.AppsV1Api).listNamespacedDeployment({ namespace }, options),
      config.makeApiClient(client.CoreV1Api).listNamespacedPod({ namespace }, options),
    ]);
    return workloadsOf(namespace, deployments.items, pods.items);
  } catch (error) {
    throw failed(`${server} did not say what namespace ${namespace} runs`, error, limit);
  }
}
