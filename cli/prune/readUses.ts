import { type Cluster, failed, LIMIT, limitedTo, type Page, wholeList } from "../cluster";
import {
  type Revision,
  type Use,
  type UsingPod,
  usesOfPod,
  usesOfRevision,
  usesOfWorkload,
  type Workload,
} from "./uses";

/**
 * Asks a cluster for all that runs images or could start some: in these namespaces, or in all. A list that it does not give, such
 * as one that this user may not see, is ClusterFailed: what is in it might need anything.
 */
export async function readUses(cluster: Cluster, namespaces: string[], limit = LIMIT): Promise<Use[]> {
  const places = namespaces.length > 0 ? namespaces : [undefined];
  const found: Use[] = [];
  for (const namespace of places) {
    found.push(...(await usesIn(cluster, namespace, limit)));
  }
  return found;
}

async function usesIn(cluster: Cluster, namespace: string | undefined, limit: number): Promise<Use[]> {
  const { client, config, name, server } = cluster;
  const options = limitedTo(cluster, limit);
  const core = config.makeApiClient(client.CoreV1Api);
  const apps = config.makeApiClient(client.AppsV1Api);
  const batch = config.makeApiClient(client.BatchV1Api);
  const where = namespace === undefined ? "all namespaces run" : `namespace ${namespace} runs`;

  /** One kind of object, of the namespace or of all. */
  async function list<T>(
    kind: string,
    inNamespace: (query: { namespace: string; limit: number; _continue?: string }) => Promise<unknown>,
    inAll: (query: { limit: number; _continue?: string }) => Promise<unknown>,
    use: (object: T) => Use[],
  ): Promise<Use[]> {
    try {
      const objects = await wholeList<T>(
        (page) => (namespace === undefined ? inAll(page) : inNamespace({ ...page, namespace })) as Promise<Page<T>>,
      );
      return objects.flatMap(use);
    } catch (error) {
      throw failed(`${server} did not say what ${where} (${kind})`, error, limit);
    }
  }
  const workloads = (kind: string) => (object: Workload) => usesOfWorkload(name, kind, object);

  const found = await Promise.all([
    list<UsingPod>(
      "pods",
      (query) => core.listNamespacedPod(query, options),
      (query) => core.listPodForAllNamespaces(query, options),
      (pod) => usesOfPod(name, pod),
    ),
    list(
      "replicationcontrollers",
      (query) => core.listNamespacedReplicationController(query, options),
      (query) => core.listReplicationControllerForAllNamespaces(query, options),
      workloads("ReplicationController"),
    ),
    list(
      "deployments",
      (query) => apps.listNamespacedDeployment(query, options),
      (query) => apps.listDeploymentForAllNamespaces(query, options),
      workloads("Deployment"),
    ),
    list(
      "replicasets",
      (query) => apps.listNamespacedReplicaSet(query, options),
      (query) => apps.listReplicaSetForAllNamespaces(query, options),
      workloads("ReplicaSet"),
    ),
    list(
      "statefulsets",
      (query) => apps.listNamespacedStatefulSet(query, options),
      (query) => apps.listStatefulSetForAllNamespaces(query, options),
      workloads("StatefulSet"),
    ),
    list(
      "daemonsets",
      (query) => apps.listNamespacedDaemonSet(query, options),
      (query) => apps.listDaemonSetForAllNamespaces(query, options),
      workloads("DaemonSet"),
    ),
    list<Revision>(
      "controllerrevisions",
      (query) => apps.listNamespacedControllerRevision(query, options),
      (query) => apps.listControllerRevisionForAllNamespaces(query, options),
      (revision) => usesOfRevision(name, revision),
    ),
    list(
      "jobs",
      (query) => batch.listNamespacedJob(query, options),
      (query) => batch.listJobForAllNamespaces(query, options),
      workloads("Job"),
    ),
    list(
      "cronjobs",
      (query) => batch.listNamespacedCronJob(query, options),
      (query) => batch.listCronJobForAllNamespaces(query, options),
      workloads("CronJob"),
    ),
  ]);
  return found.flat();
}
