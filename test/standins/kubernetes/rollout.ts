import { setTimeout as sleep } from "node:timers/promises";
import { AppsV1Api, CoreV1Api, type KubeConfig, type V1Deployment, type V1Pod } from "@kubernetes/client-node";

/** How long a rollout may take unless an annotation of the Deployment says otherwise, in seconds; the real provider's limit. */
const LIMIT = 600;
const LIMIT_ANNOTATION = "pulumi.com/timeoutSeconds";
const PAUSE = 500;

/**
 * Waits until all pods of a Deployment are new ones and ready. Throws with the pods' own words if they don't get there in time;
 * like the real provider it goes on waiting where Kubernetes says that there is no progress.
 */
export async function rolledOut(config: KubeConfig, name: string, namespace: string): Promise<void> {
  const apps = config.makeApiClient(AppsV1Api);
  const start = Date.now();
  for (;;) {
    const deployment = await apps.readNamespacedDeployment({ name, namespace });
    if (isComplete(deployment)) {
      return;
    }
    const limit = Number(deployment.metadata?.annotations?.[LIMIT_ANNOTATION] ?? LIMIT);
    if (Date.now() - start > limit * 1000) {
      const pods = await wordsOfPods(config, namespace, deployment.spec?.selector.matchLabels ?? {});
      const reason = `Deployment ${namespace}/${name} did not roll out within ${limit} s`;
      throw new Error([reason, ...wordsOfDeployment(deployment), ...pods].join("\n"));
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

/** What Kubernetes says of a rollout that does not go on. */
function wordsOfDeployment({ status }: V1Deployment): string[] {
  const stuck = status?.conditions?.filter(({ type, status: is }) => type === "Progressing" && is === "False") ?? [];
  return stuck.flatMap(({ message }) => message ?? []);
}

/** Why pods are not ready, in the kubelet's words. */
async function wordsOfPods(config: KubeConfig, namespace: string, labels: Record<string, string>): Promise<string[]> {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector });
  return items.flatMap(wordsOfPod);
}

/** Of each container that is not ready: what it waits for, and how it ended, with its termination message. */
function wordsOfPod({ metadata, status }: V1Pod): string[] {
  const unready = status?.containerStatuses?.filter(({ ready }) => !ready) ?? [];
  return unready.flatMap(({ name, state, lastState }) =>
    [state?.waiting, state?.terminated, lastState?.terminated]
      .map((told) => [told?.reason, told?.message?.trim()].filter(Boolean).join(": "))
      .filter((words) => words !== "")
      .map((words) => `pod ${metadata?.name}, ${name}: ${words}`),
  );
}
