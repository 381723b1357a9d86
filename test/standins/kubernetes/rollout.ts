import { setTimeout as sleep } from "node:timers/promises";
import { AppsV1Api, CoreV1Api, type KubeConfig, type V1Deployment, type V1Pod } from "@kubernetes/client-node";

/** How long a rollout may take unless the Deployment says otherwise, in seconds; the real provider's limit. */
const LIMIT = 600;
const PAUSE = 500;

/** Waits until all pods of a Deployment are new ones and ready. Throws with the pods' own words if they don't get there. */
export async function rolledOut(config: KubeConfig, name: string, namespace: string): Promise<void> {
  const apps = config.makeApiClient(AppsV1Api);
  const start = Date.now();
  for (;;) {
    const deployment = await apps.readNamespacedDeployment({ name, namespace });
    if (isComplete(deployment)) {
      return;
    }
    const failed = deployment.status?.conditions?.find(
      ({ type, status }) => type === "Progressing" && status === "False",
    );
    const limit = deployment.spec?.progressDeadlineSeconds ?? LIMIT;
    if (failed || Date.now() - start > limit * 1000) {
      const words = await wordsOfPods(config, namespace, deployment.spec?.selector.matchLabels ?? {});
      const reason = failed?.message ?? `not ready after ${limit} seconds`;
      throw new Error([`Deployment ${namespace}/${name} did not roll out: ${reason}`, ...words].join("\n"));
    }
    await sleep(PAUSE);
  }
}

function isComplete({ metadata, spec, status }: V1Deployment): boolean {
  const replicas = spec?.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
    (status?.replicas ?? 0) === replicas &&
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.availableReplicas ?? 0) === replicas
  );
}

/** Why pods are not ready, in the kubelet's words, and the end of what their containers printed. */
async function wordsOfPods(config: KubeConfig, namespace: string, labels: Record<string, string>): Promise<string[]> {
  const core = config.makeApiClient(CoreV1Api);
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  const waiting = items.filter((pod) => pod.status?.containerStatuses?.some(({ ready }) => !ready));
  return (await Promise.all(waiting.map((pod) => wordsOf(core, namespace, pod)))).flat();
}

async function wordsOf(core: CoreV1Api, namespace: string, pod: V1Pod): Promise<string[]> {
  const name = pod.metadata?.name ?? "";
  const unready = pod.status?.containerStatuses?.filter(({ ready }) => !ready) ?? [];
  const words = unready.map(async ({ name: container, state, restartCount }) => {
    const { reason, message } = state?.waiting ?? state?.terminated ?? {};
    const log = await core
      .readNamespacedPodLog({ name, namespace, container, previous: restartCount > 0, tailLines: 10 })
      .catch((error: Error) => `(its log can't be read: ${error.message.split("\n")[0]})`);
    return [`pod ${name}, ${container}: ${[reason, message].filter(Boolean).join(": ")}`, log.trim()];
  });
  return (await Promise.all(words)).flat().filter((line) => line !== "");
}
