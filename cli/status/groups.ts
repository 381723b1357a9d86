import { labelIn, REVISION_LABEL, shownPaths } from "../../components/version";
import { type RunningImage as PodImage, readImageName } from "../cluster";
import { type Belonging, isBelow, lastPart, repositoriesOf } from "../verify/belonging";
import { isConsistent } from "../verify/check";
import type { Verification } from "../verify/verification";
import type { Place } from "./report";

/** The containers of a place that run one image. */
interface Group {
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

/** What runs and was not shown to be one of the images: what was found of it, or why nothing was. */
export interface Stranger {
  group: Group;
  result: Verification | string;
}

/** The directory of an image that was asked for, and how it is called. */
interface Context {
  /** Relative to the repository's root. */
  context: string;
  name: string;
}

/** Why it is none of the images that were asked for. */
export function strangeness({ result }: Stranger): string {
  if (typeof result === "string") {
    return result;
  }
  const { labels, commit, origin, checks } = result;
  const revision = labelIn(labels, REVISION_LABEL);
  if (revision !== undefined && !commit) {
    return `this clone does not have its commit ${revision.slice(0, 12)} (git fetch)`;
  }
  if (!commit || !isConsistent(checks)) {
    return "none of these images";
  }
  const from = origin.candidates.map(({ paths }) => shownPaths(paths)).join(" or ");
  return `built from ${from} at ${commit.hash.slice(0, 7)} "${commit.subject}"`;
}

/**
 * Whether the answer is no for it. What can't be looked at or is not consistent is, in any repository that is one of these (or below
 * one) or is called as an image's directory (`contexts`). An image that another directory was built into is in one of these alone, or in
 * one that is called as an image's directory and not as its own. One that says that it is of an image's directory is that image, made
 * of other files than the options name.
 */
export function isSuspect({ group, result }: Stranger, known: Set<string>, contexts: Context[]): boolean {
  const { error } = group.belonging;
  const repositories = repositoriesOfGroup(group);
  const names = contexts.map(({ name }) => name);
  if (typeof result === "string" || !isConsistent(result.checks)) {
    return (
      error !== undefined || repositories.some((each) => isBelow(each, [...known]) || names.includes(lastPart(each)))
    );
  }
  const { labelled, candidates } = result.origin;
  if (typeof labelled === "object" && contexts.some(({ context }) => context === labelled.context)) {
    return true;
  }
  const own = candidates.flatMap(({ paths }) => paths.map(lastPart));
  return repositories.some(
    (each) => known.has(each) || (names.includes(lastPart(each)) && !own.includes(lastPart(each))),
  );
}
