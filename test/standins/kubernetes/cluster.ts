import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  type V1Deployment,
  type V1Pod,
} from "@kubernetes/client-node";

type Named = KubernetesObject & { metadata: { name: string; namespace?: string } };

const FIELD_MANAGER = "pulumi-kubernetes-standin";
/** How long a rollout may take unless the Deployment says otherwise, in seconds; the real provider's limit. */
const ROLLOUT_LIMIT = 600;

/** The API server of the current kube context, or of the given configuration. */
export function connect(kubeconfig: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig?.includes("clusters")) {
    config.loadFromString(kubeconfig);
  } else if (kubeconfig) {
    config.loadFromFile(kubeconfig);
  } else {
    config.loadFromDefault();
  }
  if (context) {
    config.setCurrentContext(context);
  }
  return config;
}

/** Applies an object and waits until what it asks for is there. */
export async function apply(config: KubeConfig, object: Named): Promise<KubernetesObject> {
  const api = KubernetesObjectApi.makeApiClient(config);
  const applied = await api.patch(object, undefined, undefined, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
  if (object.kind === "Deployment") {
    await rolledOut(config, applied as V1Deployment & Named);
  }
  return api.read(object);
}

export async function read(config: KubeConfig, object: Named): Promise<KubernetesObject | undefined> {
  try {
    return await KubernetesObjectApi.makeApiClient(config).read(object);
  } catch (error) {
    if ((error as { code?: number }).code === 404) {
      return undefined;
    }
    throw error;
  }
}

export async function remove(config: KubeConfig, object: Named): Promise<void> {
  if (await read(config, object)) {
    await KubernetesObjectApi.makeApiClient(config).delete(
      object,
      undefined,
      undefined,
      undefined,
      undefined,
      "Foreground",
    );
    while (await read(config, object)) {
      await seconds(0.5);
    }
  }
}

async function rolledOut(config: KubeConfig, { metadata, spec }: V1Deployment & Named): Promise<void> {
  const namespace = metadata.namespace ?? "default";
  const apps = config.makeApiClient(AppsV1Api);
  const limit = Date.now() + 1000 * Math.min(spec?.progressDeadlineSeconds ?? ROLLOUT_LIMIT, ROLLOUT_LIMIT);
  for (;;) {
    const {
      metadata: now,
      spec: wanted,
      status,
    } = await apps.readNamespacedDeployment({ name: metadata.name, namespace });
    const replicas = wanted?.replicas ?? 1;
    if (
      (status?.observedGeneration ?? 0) >= (now?.generation ?? 0) &&
      status?.updatedReplicas === replicas &&
      status?.availableReplicas === replicas &&
      status?.replicas === replicas
    ) {
      return;
    }
    const failed = status?.conditions?.find(({ type, status }) => type === "Progressing" && status === "False");
    if (failed || Date.now() > limit) {
      const words = await wordsOfPods(config, namespace, wanted?.selector.matchLabels ?? {});
      throw new Error(
        `Deployment ${namespace}/${metadata.name} did not roll out: ${failed?.message ?? "timed out"}\n${words}`,
      );
    }
    await seconds(0.5);
  }
}

/** Why pods are not ready, in the kubelet's words, and the end of what their containers printed. */
async function wordsOfPods(config: KubeConfig, namespace: string, labels: Record<string, string>): Promise<string> {
  const core = config.makeApiClient(CoreV1Api);
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  const waiting = items.filter((pod) => pod.status?.containerStatuses?.some(({ ready }) => !ready));
  const words = await Promise.all(waiting.map((pod) => wordsOf(core, namespace, pod)));
  return words.join("\n");
}

async function wordsOf(core: CoreV1Api, namespace: string, pod: V1Pod): Promise<string> {
  const name = pod.metadata?.name ?? "";
  const states = pod.status?.containerStatuses?.map(({ state }) => state?.waiting ?? state?.terminated) ?? [];
  const reasons = states.map((state) => [state?.reason, state?.message].filter(Boolean).join(": "));
  const log = await core
    .readNamespacedPodLog({ name, namespace, previous: true, tailLines: 10 })
    .catch((error: Error) => `(its log can't be read: ${error.message.split("\n")[0]})`);
  return `pod ${name}: ${reasons.join(", ")}\n${log}`;
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
