import { VersionedImageError } from "../../components/errors";
import { parseReference, type Reference } from "../../components/registry";
import { type Check, contradicted, lacking, open, proven } from "./check";
import type { Deployed, Running, Workloads } from "./workloads";

/** The image that a cluster is compared with. */
export interface Wanted {
  repository: string;
  /** Undefined if it was named by its digest alone. */
  tag: string | undefined;
  digest: string;
  /** Whether the digest is that of an index of images for several platforms. */
  isIndex: boolean;
}

/** Whether the Deployments and the pods that use the image's repository run this image. */
export function clusterChecks(wanted: Wanted, workloads: Workloads): Check[] {
  const uses = ({ image }: { image: string }) =>
    readImage(image)?.repository === readImage(wanted.repository)?.repository;
  const deployed = workloads.deployed.filter(uses);
  const running = workloads.running.filter(uses);
  const where = `in the namespace ${workloads.namespace}`;
  return [
    ...(deployed.length > 0 ? [] : [lacking("deployment", `no Deployment ${where} uses ${wanted.repository}`)]),
    ...workloadChecks(wanted, { deployed, running }),
    ...(running.length > 0 ? [] : [lacking("pod", `no pod ${where} runs ${wanted.repository}`)]),
  ];
}

/** Whether containers run this image. */
export function workloadChecks(wanted: Wanted, { deployed, running }: Omit<Workloads, "namespace">): Check[] {
  return [
    ...deployed.map((container) => deploymentCheck(wanted, container)),
    ...running.map((container) => podCheck(wanted, container)),
  ];
}

function deploymentCheck({ tag, digest }: Wanted, { name, image }: Deployed): Check {
  const found = readImage(image);
  if (found?.digest !== undefined) {
    return found.digest === digest
      ? proven("deployment", `${name} is pinned to ${digest}`)
      : contradicted("deployment", `${name} is pinned to another image: ${image}`);
  }
  if (tag === undefined || (found?.tag ?? "latest") === tag) {
    return open("deployment", `${name} names ${image} without a digest: what it runs can change`);
  }
  return contradicted("deployment", `${name} names another tag: ${image}`);
}

function podCheck({ digest, isIndex }: Wanted, { name, imageId }: Running): Check {
  if (imageId === undefined) {
    return lacking("pod", `${name} has not started`);
  }
  const pulled = /@(sha256:[0-9a-f]{64})$/.exec(imageId)?.[1];
  if (pulled === digest) {
    return proven("pod", `${name} runs ${digest}`);
  }
  if (pulled === undefined) {
    return lacking("pod", `${name} runs ${imageId}, which does not say by which digest it was pulled`);
  }
  return isIndex
    ? lacking("pod", `${name} runs ${pulled}, which may be the image for its platform in ${digest}`)
    : contradicted("pod", `${name} runs another image: ${pulled}`);
}

/** An image as Kubernetes names it. Undefined if it names none. */
export function readImage(image: string): Reference | undefined {
  try {
    return parseReference(qualified(image));
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return undefined;
    }
    throw error;
  }
}

/** Without a host it is Docker Hub's, and there without an owner it is in `library`. */
function qualified(image: string): string {
  const [, host = "docker.io", name = ""] = /^(?:([^/]*[.:][^/]*|localhost)\/)?(.*)$/s.exec(image) ?? [];
  return host === "docker.io" && !name.includes("/") ? `${host}/library/${name}` : `${host}/${name}`;
}
