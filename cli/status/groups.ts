import { type RunningImage as PodImage, readImageName } from "../cluster";
import { type Belonging, repositoriesOf } from "../verify/belonging";
import type { Place } from "./report";

/** The containers of a place that run one image. */
export interface Group {
  place: Place;
  name: string;
  first: PodImage;
  belonging: Belonging;
  pods: PodImage[];
}

/** Groups the containers whose images are of the repositories that are looked at. */
export function groupsOf(pods: { place: Place; pod: PodImage; belonging: Belonging | undefined }[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { place, pod, belonging } of pods) {
    if (belonging === undefined) {
      continue;
    }
    const [repository = ""] = repositoriesOf(pod);
    const name = pod.imageId ? `${repository}@${pod.imageId.digest}` : pod.image;
    const key = [place.cluster, place.namespace, name, pod.waiting].join("\n");
    const group = groups.get(key) ?? { place, name, first: pod, belonging, pods: [] };
    groups.set(key, group);
    group.pods.push(pod);
  }
  return [...groups.values()];
}

/** Each container by its name once, also where its pod has two statuses of it. */
export function containersOf({ pods }: Group): { pods: string[]; terminating: string[] } {
  return { pods: namesOf(pods), terminating: namesOf(pods.filter(({ terminating }) => terminating)) };
}

export function namesOf(pods: PodImage[]): string[] {
  return [...new Set(pods.map(({ name }) => name))];
}

/** The Deployments that have made its pods, and the pods that none has made. */
export function workloadsOf({ pods }: Group): string[] {
  return [...new Set(pods.map(({ deployment, name }) => deployment?.name ?? name.replace(/\/.*$/s, "")))].sort();
}

/** All repositories by which it is known, and that which holds it. */
export function repositoriesOfGroup({ pods, belonging: { at } }: Group): string[] {
  return [...new Set([...pods.flatMap(repositoriesOf), ...(at ? [at.repository] : [])])];
}

/** The tag by which all of them name it. */
export function tagOf({ pods }: Group): string | undefined {
  const tags = new Set(pods.map(({ image }) => readImageName(image)?.tag));
  return tags.size === 1 ? [...tags][0] : undefined;
}

/** When the first of them has started. */
export function earliest({ pods }: Group): Date | undefined {
  const times = pods.flatMap(({ startedAt }) => startedAt ?? []);
  return times.sort((one, other) => one.getTime() - other.getTime())[0];
}
