import { LIMIT, openCluster, type RunningImage, readRunning } from "../cluster";

export interface ClusterFlags {
  kubeconfig?: string;
  namespace?: string;
}

/** An image that a Deployment names. */
export interface Deployed {
  /** deployment/container */
  name: string;
  image: string;
}

/** What a namespace runs. */
export interface Workloads {
  namespace: string;
  deployed: Deployed[];
  running: RunningImage[];
  /** Pods that are not understood, with why. */
  odd: { name: string; why: string }[];
}

/**
 * Asks a cluster what a namespace runs, as kubectl would: the kubeconfig may name a program that gives the credentials, which
 * is then run. Throws ClusterFailed with what to do.
 */
export async function readWorkloads(flags: ClusterFlags, limit = LIMIT): Promise<Workloads> {
  const cluster = await openCluster(flags.kubeconfig);
  const namespace = flags.namespace ?? cluster.namespace;
  const { deployments, running, odd } = await readRunning(cluster, namespace, limit);
  const deployed = deployments.flatMap(({ name, images }) =>
    images.map(({ container, image }) => ({ name: `${name}/${container}`, image })),
  );
  return { namespace, deployed, running, odd };
}
