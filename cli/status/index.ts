import { writeFile } from "node:fs/promises";
import { VersionedImageError } from "../../components/errors";
import { readChanges, readFacts } from "../../components/git";
import { findCommit, lastCommitAt, lookUpCommits, openHistory, treesAt } from "../../components/git/lookup";
import type { Commit } from "../../components/version";
import { dirtyIn, labelIn, REVISION_LABEL, TREE_LABEL, VERSION_LABEL } from "../../components/version";
import { type ClusterNames, openClusters, readImageName } from "../cluster";
import { type SourceFlags, sourceOf } from "../imageOptions";
import { inParallel } from "../inParallel";
import { type Io, printJson, type Status } from "../output";
import { isVerified, whyNot } from "../verify/check";
import { createVerifier, type Verification } from "../verify/verification";
import { statusHtml } from "./html";
import { statusJson } from "./json";
import { type PodImage, readPods } from "./pods";
import { statusText } from "./text";

export interface StatusFlags extends SourceFlags, ClusterNames {
  namespace?: string[];
  /** What the versions are compared with. Default: HEAD. */
  branch?: string;
  /** Images of these repositories, and of what is below them, are looked at alone. */
  repository?: string[];
  platform: string;
  json?: boolean;
  /** A file for a page that shows the same. */
  html?: string;
}

/** A namespace of a cluster. */
export interface Place {
  cluster: string;
  namespace: string;
}

/** An image that runs in a place. */
export interface RunningImage {
  place: Place;
  repository: string;
  digest: string;
  /** The tag by which the pods name it; else what the image itself says. */
  tag: string | undefined;
  revision: string | undefined;
  /** The commit that it was built from, if this clone has it. */
  commit: Commit | undefined;
  /** How many commits that touch the image the newest version has and it lacks, and the other way; undefined if that can't be told. */
  behind: number | undefined;
  ahead: number | undefined;
  /** Since when the first of its pods has run. */
  since: Date | undefined;
  debug: boolean;
  verified: boolean;
  /** Why it is not verified; empty if it is. */
  why: string;
  pods: string[];
  /** Those whose Deployment names another image by now. */
  differing: string[];
}

/** An image of the repository, with where it runs. */
export interface ImageStatus {
  context: string;
  /** The commit of its newest version, as HEAD or the branch has it. */
  newest: Commit | undefined;
  running: RunningImage[];
}

/** What `status` shows. */
export interface StatusReport {
  root: string;
  /** What the versions were compared with. */
  branch: string;
  places: Place[];
  images: ImageStatus[];
  /** What runs and is none of these images, or could not be looked at. */
  others: { place: Place; image: string; why: string; pods: string[] }[];
}

/** Shows what runs where. The answer is no if something that runs can't be looked at, differs or is not verified. */
export async function status(contexts: string[], flags: StatusFlags, io: Io): Promise<Status> {
  const report = await readStatus(contexts, flags, io);
  if (flags.html !== undefined) {
    await writeFile(flags.html, statusHtml(report, io.now()));
  }
  if (flags.json) {
    printJson(io, statusJson(report));
  } else {
    io.out(statusText(report, io));
  }
  const running = report.images.flatMap((image) => image.running);
  return running.every(({ verified, differing }) => verified && differing.length === 0) ? 0 : 1;
}

async function readStatus(contexts: string[], flags: StatusFlags, io: Io): Promise<StatusReport> {
  const facts = await Promise.all(contexts.map((context) => readFacts(sourceOf(context, flags))));
  const [first] = facts;
  if (!first || facts.some(({ root }) => root !== first.root)) {
    throw new VersionedImageError(
      "InvalidArgument",
      "Name directories of one git repository: run it once for each other.",
    );
  }
  const history = await openHistory(first.root);
  const branch = flags.branch ?? "HEAD";
  const tip = await findCommit(history, branch);
  if (tip === undefined) {
    throw new VersionedImageError(
      "InvalidArgument",
      `--branch ${branch} leads to no commit of this clone: name a branch, tag or hash that it has (git fetch gets others).`,
    );
  }
  const newest = await Promise.all(facts.map(({ paths }) => lastCommitAt(history, tip, paths)));
  const described = await lookUpCommits(
    history,
    newest.filter((hash) => hash !== undefined),
  );
  const clusters = await openClusters(flags);
  const places = clusters.flatMap((cluster) =>
    (flags.namespace ?? [cluster.namespace]).map((namespace) => ({
      cluster,
      place: { cluster: cluster.name, namespace },
    })),
  );
  const pods = (
    await Promise.all(
      places.map(async ({ cluster, place }) =>
        (await readPods(cluster, place.namespace)).map((pod) => ({ place, pod })),
      ),
    )
  ).flat();

  const verifier = await createVerifier({ platform: flags.platform }, io, first.root);
  const groups = groupsOf(pods.filter(({ pod }) => isWanted(pod, flags.repository)));
  const looked = await inParallel(groups, async (group) => ({ group, result: await lookAt(group, verifier.verify) }));
  const images: ImageStatus[] = facts.map(({ context }, index) => ({
    context: context || ".",
    newest: described.get(newest[index] ?? ""),
    running: [],
  }));
  const others: StatusReport["others"] = [];
  await Promise.all(
    looked.map(async ({ group, result }) => {
      const revision = typeof result === "string" ? undefined : labelIn(result.labels, REVISION_LABEL);
      const tree = typeof result === "string" ? undefined : labelIn(result.labels, TREE_LABEL);
      const owner = typeof result === "string" ? -1 : await ownerOf(tree, result);
      if (typeof result === "string" || owner < 0) {
        const why = typeof result === "string" ? result : strangeness(result);
        others.push({ place: group.place, image: group.name, why, pods: group.pods.map(({ name }) => name) });
        return;
      }
      const to = newest[owner];
      const changes =
        revision === undefined || to === undefined
          ? undefined
          : await readChanges({ root: history.root, from: revision, to, paths: facts[owner]?.paths ?? [] });
      const verified = isVerified(result.checks);
      images[owner]?.running.push({
        place: group.place,
        repository: result.repository,
        digest: result.digest,
        tag: tagOf(group) ?? labelIn(result.labels, VERSION_LABEL),
        revision,
        commit: result.commit,
        behind: changes?.added.length,
        ahead: changes?.removed.length,
        since: earliest(group.pods),
        debug: dirtyIn(result.labels) !== undefined,
        verified,
        why: verified ? "" : whyNot(result.checks),
        pods: group.pods.map(({ name }) => name),
        differing: group.pods.filter(({ differs }) => differs).map(({ name }) => name),
      });
    }),
  );
  return { root: history.root, branch, places: places.map(({ place }) => place), images: images.map(sorted), others };

  /** Which of the images it is, by the files that it says it was built from; -1 for none. */
  async function ownerOf(tree: string | undefined, { commit }: Verification): Promise<number> {
    if (commit && tree !== undefined) {
      for (const [index, { paths }] of facts.entries()) {
        if ((await treesAt(history, [commit.hash], paths)).get(commit.hash) === tree) {
          return index;
        }
      }
    }
    return -1;
  }
}

/** Why something that was looked at is none of the images that were asked for. */
function strangeness({ labels, commit }: Verification): string {
  const revision = labelIn(labels, REVISION_LABEL);
  return revision === undefined || commit
    ? "none of these images"
    : `this clone does not have its commit ${revision.slice(0, 12)} (git fetch)`;
}

/** The pods of a place that run one image. */
interface Group {
  place: Place;
  name: string;
  reference: string | undefined;
  pods: PodImage[];
}

function groupsOf(pods: { place: Place; pod: PodImage }[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { place, pod } of pods) {
    const reference = pod.repository && pod.digest ? `${pod.repository}@${pod.digest}` : undefined;
    const name = reference ?? pod.image;
    const key = `${place.cluster}\n${place.namespace}\n${name}`;
    const group = groups.get(key) ?? { place, name, reference, pods: [] };
    groups.set(key, group);
    group.pods.push(pod);
  }
  return [...groups.values()];
}

/** What an image says of itself, or why that could not be found out. */
async function lookAt(
  { reference }: Group,
  verify: (reference: string) => Promise<Verification>,
): Promise<Verification | string> {
  if (reference === undefined) {
    return "it has not started, or its runtime does not say where it was pulled from";
  }
  try {
    return await verify(reference);
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return `${error.message} [${error.code}]`;
    }
    throw error;
  }
}

function isWanted({ repository, image }: PodImage, wanted: string[] | undefined): boolean {
  const named = repository ?? readImageName(image)?.repository;
  return wanted === undefined || wanted.some((each) => named === each || named?.startsWith(`${each}/`) === true);
}

function tagOf({ pods }: Group): string | undefined {
  const tags = new Set(pods.map(({ image }) => readImageName(image)?.tag));
  return tags.size === 1 ? [...tags][0] : undefined;
}

function earliest(pods: PodImage[]): Date | undefined {
  const times = pods.flatMap(({ startedAt }) => startedAt ?? []);
  return times.sort((one, other) => one.getTime() - other.getTime())[0];
}

function sorted(image: ImageStatus): ImageStatus {
  const key = ({ place, digest }: RunningImage) => `${place.cluster}\n${place.namespace}\n${digest}`;
  return { ...image, running: image.running.sort((one, other) => (key(one) < key(other) ? -1 : 1)) };
}
