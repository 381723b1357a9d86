import { readImageId, readImageName } from "../cluster";

/** Something in a cluster that needs an image. */
export interface Use {
  /** For instance "pod web/app-1 of prod runs it". */
  words: string;
  /** The repository's name without its host, of which a registry can have several. */
  name?: string;
  /** The manifest's digest, if it is said. */
  digest?: string;
  /** The digest of the image's configuration, where a runtime says no more. */
  config?: string;
  /** The tag, where that is named without a digest. */
  tag?: string;
}

/** As much of a pod's specification as is read. */
interface PodSpec {
  containers?: Named[];
  initContainers?: Named[];
  ephemeralContainers?: Named[];
}

interface Named {
  image?: string;
}

interface Meta {
  name?: string;
  namespace?: string;
}

interface Status {
  imageID?: string;
}

/** As much of a pod as is read. */
export interface UsingPod {
  metadata?: Meta;
  spec?: PodSpec;
  status?: {
    containerStatuses?: Status[];
    initContainerStatuses?: Status[];
    ephemeralContainerStatuses?: Status[];
  };
}

/** As much of what makes pods as is read: the template of its pods, or for a CronJob that of its Jobs. */
export interface Workload {
  metadata?: Meta;
  spec?: { template?: { spec?: PodSpec }; jobTemplate?: { spec?: { template?: { spec?: PodSpec } } } };
}

/** As much of a ControllerRevision as is read: what a StatefulSet or DaemonSet can be rolled back to. */
export interface Revision {
  metadata?: Meta;
  data?: unknown;
}

/** What a pod names and what it runs, whether it has ended or not: one that has ended can be looked into still. */
export function usesOfPod(cluster: string, { metadata, spec, status }: UsingPod): Use[] {
  const words = `${place("pod", metadata, cluster)} runs it`;
  const statuses = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const running = statuses.flatMap(({ imageID = "" }): Use[] => {
    const { repository, pulled, config } = readImageId(imageID);
    return pulled === undefined && config === undefined
      ? []
      : [{ words, name: repository?.name, digest: pulled, config }];
  });
  return [...usesOfSpec(words, spec), ...running];
}

/** What a Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job or CronJob would start. */
export function usesOfWorkload(cluster: string, kind: string, { metadata, spec }: Workload): Use[] {
  const verb = kind === "ReplicaSet" || kind === "ControllerRevision" ? "can be rolled back to it" : "names it";
  const words = `${place(kind, metadata, cluster)} ${verb}`;
  return usesOfSpec(words, spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec);
}

/** What a ControllerRevision holds is a part of the object that it is a revision of. */
export function usesOfRevision(cluster: string, { metadata, data }: Revision): Use[] {
  const { spec } = Object(data) as Workload;
  return usesOfWorkload(cluster, "ControllerRevision", { metadata, spec });
}

function usesOfSpec(words: string, spec: PodSpec | undefined): Use[] {
  const containers = [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  return containers.flatMap(({ image = "" }): Use[] => {
    // A name that can't be read can't be pulled either.
    const named = readImageName(image);
    if (named?.digest !== undefined) {
      return [{ words, name: named.name, digest: named.digest }];
    }
    return named ? [{ words, name: named.name, tag: named.tag ?? "latest" }] : [];
  });
}

function place(kind: string, metadata: Meta | undefined, cluster: string): string {
  return `${kind} ${metadata?.namespace}/${metadata?.name} of ${cluster}`;
}
