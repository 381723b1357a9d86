/** A container of a Deployment's template. */
export interface Deployed {
  /** deployment/container */
  name: string;
  /** As the Deployment names it. */
  image: string;
}

/** A container of a pod that has not ended. */
export interface Running {
  /** pod/container */
  name: string;
  /** As the pod names it. */
  image: string;
  /** What the container runtime says that it runs; undefined if it has not started. */
  imageId: string | undefined;
}

/** What a namespace runs. */
export interface Workloads {
  namespace: string;
  deployed: Deployed[];
  running: Running[];
}

/** As much of a pod's or a template's specification as is read. */
interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
}

interface Container {
  name: string;
  image?: string;
}

/** As much of a Deployment as is read. */
export interface Deployment {
  metadata?: { name?: string };
  spec?: { template: { spec?: PodSpec } };
}

/** As much of a pod as is read. */
export interface Pod {
  metadata?: { name?: string; deletionTimestamp?: Date };
  spec?: PodSpec;
  status?: { phase?: string; containerStatuses?: ContainerStatus[]; initContainerStatuses?: ContainerStatus[] };
}

interface ContainerStatus {
  name: string;
  imageID?: string;
}

/** The containers of Deployments, and those of pods that have not ended and are not about to be. */
export function workloadsOf(namespace: string, deployments: Deployment[], pods: Pod[]): Workloads {
  return {
    namespace,
    deployed: deployments.flatMap(({ metadata, spec }) => containers(metadata?.name, spec?.template.spec)),
    running: pods
      .filter(({ metadata, status }) => !metadata?.deletionTimestamp && !ENDED.includes(status?.phase ?? ""))
      .flatMap(({ metadata, spec, status }) => {
        const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
        return containers(metadata?.name, spec).map(({ container, ...found }) => ({
          ...found,
          imageId: statuses.find(({ name }) => name === container)?.imageID || undefined,
        }));
      }),
  };
}

const ENDED = ["Succeeded", "Failed"];

function containers(owner: string | undefined, spec: PodSpec | undefined) {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ name, image = "" }) => ({
    name: `${owner}/${name}`,
    container: name,
    image,
  }));
}
