import { fieldsOf } from "../../components/registry";
import { failed } from "./clusterFailed";
import { type Cluster, LIMIT } from "./connection";
import { DEPLOYMENTS, PODS, REPLICA_SETS, readObjects, refuseUnknown } from "./objects";
import { isEnding, type NamedImage, namedImages, oddity, type PodImage, podImages } from "./podImages";

/** A Deployment with the images of its template. */
export interface DeploymentImages {
  name: string;
  images: NamedImage[];
}

/** An image that a pod uses, with the Deployment that has made the pod. */
export interface RunningImage extends PodImage {
  /** Undefined if no Deployment of the namespace owns it. */
  deployment: DeploymentImages | undefined;
}

/** What a namespace runs. */
export interface Running {
  deployments: DeploymentImages[];
  /** Of pods that have ended or are being deleted, what runs still; of others what has not started as well. */
  running: RunningImage[];
  /** Pods that are not understood, with why: what they run is not known. */
  odd: { name: string; why: string }[];
}

interface Owned {
  uid: unknown;
  owners: unknown[];
}

/**
 * What a namespace runs. A pod's Deployment is found by the owners that pod and ReplicaSet name. `limit` is for one request, in
 * milliseconds. Throws ClusterFailed where a list is not given, or there is no such namespace.
 */
export async function readRunning(cluster: Cluster, namespace: string, limit = LIMIT): Promise<Running> {
  const running = await readLists(cluster, namespace, limit);
  if (running.deployments.length + running.running.length + running.odd.length === 0) {
    await refuseUnknown(cluster, namespace, limit);
  }
  return running;
}

async function readLists(cluster: Cluster, namespace: string, limit: number): Promise<Running> {
  try {
    const [pods, sets, deployments] = await Promise.all([
      readObjects(cluster, PODS, namespace, podsOf, limit),
      readObjects(cluster, REPLICA_SETS, namespace, (set) => [ownedBy(set)], limit),
      readObjects(cluster, DEPLOYMENTS, namespace, (deployment) => [deploymentOf(deployment)], limit),
    ]);
    const ownersOf = new Map(sets.map(({ uid, owners }) => [uid, owners]));
    const byUid = new Map(deployments.map(({ uid, images }) => [uid, images]));
    return {
      deployments: deployments.map(({ images }) => images),
      running: pods.flatMap(({ images, owners }) => {
        const deployment = owners
          .flatMap((owner) => [owner, ...(ownersOf.get(owner) ?? [])])
          .map((owner) => byUid.get(owner))
          .find((found) => found !== undefined);
        return images.map((image) => ({ ...image, deployment }));
      }),
      odd: pods.flatMap(({ name, odd }) => (odd === undefined ? [] : [{ name, why: odd }])),
    };
  } catch (error) {
    throw failed(`${cluster.server} did not say what namespace ${namespace} runs`, error, limit);
  }
}

/** The pod, unless it runs nothing any more. */
function podsOf(pod: Record<string, unknown>) {
  const ending = isEnding(pod);
  const images = podImages(pod).filter(({ running }) => running || !ending);
  return ending && images.length === 0
    ? []
    : [{ ...ownedBy(pod), name: nameOf(pod), images, odd: oddity(pod, ["spec"]) }];
}

function deploymentOf(deployment: Record<string, unknown>) {
  const { template } = fieldsOf(deployment.spec);
  const images = { name: nameOf(deployment), images: namedImages(fieldsOf(template).spec) };
  return { ...ownedBy(deployment), images };
}

function ownedBy({ metadata }: Record<string, unknown>): Owned {
  const { uid, ownerReferences } = fieldsOf(metadata);
  const owners = Array.isArray(ownerReferences) ? ownerReferences.map((owner) => fieldsOf(owner).uid) : [];
  return { uid, owners: owners.filter((owner) => owner !== undefined) };
}

function nameOf({ metadata }: Record<string, unknown>): string {
  return String(fieldsOf(metadata).name ?? "");
}
