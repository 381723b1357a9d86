import * as assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type V1Deployment,
  type V1Pod,
  type V1ReplicaSet,
} from "@kubernetes/client-node";

/** A namespace of the cluster that the tests deploy to. */
export class TestCluster {
  private readonly apps: AppsV1Api;
  private readonly core: CoreV1Api;

  /** Default: the cluster of the environment's KUBECONFIG. */
  constructor(
    readonly namespace: string,
    kubeconfig?: string,
  ) {
    const config = new KubeConfig();
    if (kubeconfig === undefined) {
      config.loadFromDefault();
    } else {
      config.loadFromFile(kubeconfig);
    }
    this.apps = config.makeApiClient(AppsV1Api);
    this.core = config.makeApiClient(CoreV1Api);
  }

  async create(): Promise<void> {
    await this.core.createNamespace({ body: { metadata: { name: this.namespace } } });
  }

  /** Deletes the namespace, and by and by all that is in it. */
  async delete(): Promise<void> {
    await this.core.deleteNamespace({ name: this.namespace });
  }

  async deployments(): Promise<V1Deployment[]> {
    return (await this.apps.listNamespacedDeployment({ namespace: this.namespace })).items;
  }

  /** Oldest first. */
  async replicaSets(): Promise<V1ReplicaSet[]> {
    const { items } = await this.apps.listNamespacedReplicaSet({ namespace: this.namespace });
    const revision = (set: V1ReplicaSet) => Number(set.metadata?.annotations?.["deployment.kubernetes.io/revision"]);
    return items.sort((one, other) => revision(one) - revision(other));
  }

  /** Pods that are not on their way out. */
  async pods(): Promise<V1Pod[]> {
    const { items } = await this.core.listNamespacedPod({ namespace: this.namespace });
    return items.filter(({ metadata }) => !metadata?.deletionTimestamp);
  }

  /** The one pod that there is. */
  async pod(): Promise<V1Pod> {
    const pods = await this.pods();
    assert.equal(pods.length, 1, pods.map(({ metadata }) => metadata?.name).join(", "));
    return pods[0] as V1Pod;
  }

  /** Deletes a pod, and waits for the ready one that takes its place. */
  async restart(pod: V1Pod): Promise<void> {
    await this.core.deleteNamespacedPod({ name: pod.metadata?.name ?? "", namespace: this.namespace });
    for (let tries = 0; tries < 600; tries++) {
      const pods = await this.pods();
      if (pods.length === 1 && pods[0]?.metadata?.uid !== pod.metadata?.uid && isReady(pods[0] as V1Pod)) {
        return;
      }
      await sleep(100);
    }
    assert.fail(`no pod took the place of ${pod.metadata?.name}`);
  }

  log(pod: V1Pod): Promise<string> {
    return this.core.readNamespacedPodLog({ name: pod.metadata?.name ?? "", namespace: this.namespace });
  }
}

/** The digest of the image that a pod's container runs, as the node says. */
export function runningDigest(pod: V1Pod): string | undefined {
  return pod.status?.containerStatuses?.[0]?.imageID.replace(/^.*@/, "");
}

export function isReady(pod: V1Pod): boolean {
  return pod.status?.containerStatuses?.every(({ ready }) => ready) ?? false;
}
