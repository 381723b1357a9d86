import { LIMIT, openCluster, type RunningImage, readImageName, readRunning } from "../cluster";
import { type Check, contradicted, lacking, proven, unproven } from "./check";

/** The image that a cluster is compared with. */
export interface Wanted {
  repository: string;
  /** Undefined if it was named by its digest alone. */
  tag: string | undefined;
  digest: string;
  /** The other digests by which a runtime may name it: of the images of an index, and of their configurations. */
  parts: Set<string>;
}

/** Whether the Deployments and the pods that use the image's repository run this image. */
export function clusterChecks(wanted: Wanted, workloads: Workloads): Check[] {
  const uses = ({ image }: { image: string }) =>
    readImageName(image)?.repository === readImageName(wanted.repository)?.repository;
  const deployed = workloads.deployed.filter(uses);
  const running = workloads.running.filter((container) => uses(container) || runs(wanted, container));
  const where = `in the namespace ${workloads.namespace}`;
  return [
    ...(deployed.length > 0 ? [] : [lacking("deployment", `no Deployment ${where} uses ${wanted.repository}`)]),
    ...workloadChecks(wanted, { deployed, running }),
    ...(running.length > 0 ? [] : [lacking("pod", `no pod ${where} runs ${wanted.repository}`)]),
    ...workloads.odd.map(oddCheck),
  ];
}

/** Whether containers run this image. */
export function workloadChecks(
  wanted: Wanted,
  { deployed, running }: Pick<Workloads, "deployed" | "running">,
): Check[] {
  return [
    ...deployed.map((container) => deploymentCheck(wanted, container)),
    ...running.map((container) => podCheck(wanted, container)),
  ];
}

function deploymentCheck({ tag, digest }: Wanted, { name, image }: Deployed): Check {
  const found = readImageName(image);
  if (found?.digest !== undefined) {
    return found.digest === digest
      ? proven("deployment", `${name} is pinned to ${digest}`)
      : contradicted("deployment", `${name} is pinned to another image: ${image}`);
  }
  if (tag === undefined || (found?.tag ?? "latest") === tag) {
    return unproven("deployment", `${name} names ${image} without a digest: what it runs can change`);
  }
  return contradicted("deployment", `${name} names another tag: ${image}`);
}

/** Whether a pod runs it: the digest decides, whatever the name before it. */
function runs({ digest, parts }: Wanted, { imageId }: RunningImage): boolean {
  return imageId !== undefined && (imageId.digest === digest || parts.has(imageId.digest));
}

function podCheck(wanted: Wanted, container: RunningImage): Check {
  const { imageId, said, waiting } = container;
  const name = container.terminating ? `${container.name}, terminating,` : container.name;
  if (imageId === undefined) {
    return lacking(
      "pod",
      said === ""
        ? `${name} has not started${waiting ? ` (${waiting})` : ""}`
        : `${name} runs ${said}, which is not a digest`,
    );
  }
  if (!runs(wanted, container)) {
    return contradicted("pod", `${name} runs another image: ${imageId.digest}`);
  }
  const part = imageId.digest === wanted.digest ? "" : `${imageId.digest}, which is of `;
  return proven("pod", `${name} runs ${part}${wanted.digest}`);
}

/** What is not understood may run it, or something else. */
export function oddCheck({ name, why }: Workloads["odd"][number]): Check {
  return lacking("pod", `can't tell what ${name} runs: ${why}`);
}

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
