import { type Cluster, failed, LIMIT, limitedTo, readImageId, wholeList } from "../cluster";

/** A container of a pod that has not ended, with what it runs. */
export interface PodImage {
  /** pod/container */
  name: string;
  /** As the pod names it. */
  image: string;
  /** Where it was pulled from, host included; undefined if the runtime does not say so, or it has not started. */
  repository: string | undefined;
  /** What the runtime says that it runs. */
  digest: string | undefined;
  startedAt: Date | undefined;
  /** Whether the Deployment that the pod belongs to names another image by now. */
  differs: boolean;
}

interface Container {
  name: string;
  image?: string;
}

interface Template {
  metadata?: { labels?: Record<string, string> };
  spec?: { containers?: Container[]; initContainers?: Container[] };
}

/** As much of a Deployment as is read. */
export interface StatusDeployment {
  spec?: { selector?: { matchLabels?: Record<string, string> }; template?: Template };
}

/** As much of a pod as is read. */
export interface StatusPod extends Template {
  metadata?: { name?: string; labels?: Record<string, string>; deletionTimestamp?: unknown };
  status?: {
    phase?: string;
    containerStatuses?: { name: string; imageID?: string; state?: { running?: { startedAt?: Date | string } } }[];
  };
}

/** Asks a cluster what the pods of a namespace run. Throws ClusterFailed. */
export async function readPods(cluster: Cluster, namespace: string, limit = LIMIT): Promise<PodImage[]> {
  const { client, config, server } = cluster;
  const options = limitedTo(cluster, limit);
  const [core, apps] = [config.makeApiClient(client.CoreV1Api), config.makeApiClient(client.AppsV1Api)];
  try {
    const [pods, deployments] = await Promise.all([
      wholeList<StatusPod>((page) => core.listNamespacedPod({ ...page, namespace }, options) as never),
      wholeList<StatusDeployment>((page) => apps.listNamespacedDeployment({ ...page, namespace }, options) as never),
    ]);
    return podImages(pods, deployments);
  } catch (error) {
    throw failed(`${server} did not say what namespace ${namespace} runs`, error, limit);
  }
}

const ENDED = ["Succeeded", "Failed"];

export function podImages(pods: StatusPod[], deployments: StatusDeployment[]): PodImage[] {
  return pods
    .filter(({ metadata, status }) => !metadata?.deletionTimestamp && !ENDED.includes(status?.phase ?? ""))
    .flatMap((pod) => {
      const owner = deployments.find(({ spec }) => selects(spec?.selector?.matchLabels, pod.metadata?.labels));
      return (pod.spec?.containers ?? []).map(({ name, image = "" }) => {
        const status = pod.status?.containerStatuses?.find((each) => each.name === name);
        const { repository, digest } = readImageId(status?.imageID ?? "") ?? {};
        const named = owner?.spec?.template?.spec?.containers?.find((each) => each.name === name)?.image;
        const startedAt = status?.state?.running?.startedAt;
        return {
          name: `${pod.metadata?.name}/${name}`,
          image,
          repository: repository?.repository,
          digest: repository && digest,
          startedAt: startedAt === undefined ? undefined : new Date(startedAt),
          differs: named !== undefined && named !== image,
        };
      });
    });
}

function selects(wanted: Record<string, string> | undefined, labels: Record<string, string> = {}): boolean {
  const entries = Object.entries(wanted ?? {});
  return entries.length > 0 && entries.every(([name, value]) => labels[name] === value);
}
