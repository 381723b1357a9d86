import { writeFile } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { readChanges, readFacts } from "../../components/git";
import { findCommit, lastCommitAt, lookUpCommits, openHistory, treesAt } from "../../components/git/lookup";
import type { Commit } from "../../components/version";
import { dirtyIn, labelIn, outermost, REVISION_LABEL, TREE_LABEL, VERSION_LABEL } from "../../components/version";
import { type ClusterNames, openClusters, readRunning } from "../cluster";
import { type SourceFlags, saysFiles, sourceOf } from "../imageOptions";
import { inParallel } from "../inParallel";
import { type Io, printJson, type Status } from "../output";
import { belongings, lastPart } from "../verify/belonging";
import { isConsistent, whyNot } from "../verify/check";
import { createHoldings } from "../verify/holdings";
import { createVerifier, type Verification } from "../verify/verification";
import { containersOf, earliest, groupsOf, namesOf, repositoriesOfGroup, tagOf, workloadsOf } from "./groups";
import { statusHtml } from "./html";
import { statusJson } from "./json";
import { createLooker } from "./lookAt";
import { madeOf, pathsNow } from "./madeOf";
import { isSuspect, type Stranger, strangeness } from "./strangers";
import { statusText } from "./text";
import { type Compared, versionsOf } from "./versions";

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
  /** Whether what it says of its origin agrees with git. */
  consistent: boolean;
  /** Why it is not consistent; empty if it is. */
  why: string;
  /** The Deployments that it runs for, and the pods that none has made. */
  workloads: string[];
  pods: string[];
  /** Those of pods that are being deleted, which run still. */
  terminating: string[];
  /** Those whose Deployment names another image by now. */
  differing: string[];
}

/** An image of the repository, with where it runs. */
export interface ImageStatus {
  context: string;
  /** The commit of its newest version, as HEAD or the branch has it. */
  newest: Commit | undefined;
  /** From the newest of all that run, or that one if it is newer, to the oldest that runs; none if it was never committed. */
  versions: Commit[];
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
  others: OtherImage[];
}

/** What runs and can't be shown to be one of the images. */
export interface OtherImage {
  place: Place;
  image: string;
  why: string;
  pods: string[];
  /** Those of pods that are being deleted, which run still. */
  terminating: string[];
  /** Whether it is, or may be, of a repository of these images, so that the answer is no. */
  suspect: boolean;
}

/**
 * Shows what runs where. The answer is no if one of the images differs or is not consistent, or if anything of their repositories can't be
 * looked at or says nothing of its origin.
 */
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
  const isFine = running.every(({ consistent, differing }) => consistent && differing.length === 0);
  return isFine && report.others.every(({ suspect }) => !suspect) ? 0 : 1;
}

async function readStatus(contexts: string[], flags: StatusFlags, io: Io): Promise<StatusReport> {
  const facts = await Promise.all(contexts.map(async (context) => readFacts(await sourceOf(context, flags))));
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
  const clusters = await openClusters(flags);
  const places = clusters.flatMap((cluster) =>
    (flags.namespace ?? [cluster.namespace]).map((namespace) => ({
      cluster,
      place: { cluster: cluster.name, namespace },
    })),
  );
  const found = await Promise.all(
    places.map(async ({ cluster, place }) => ({ place, ...(await readRunning(cluster, place.namespace)) })),
  );
  const pods = found.flatMap(({ place, running }) => running.map((pod) => ({ place, pod })));
  const verifier = await createVerifier({ platform: flags.platform }, io, first.root);
  const holdings = createHoldings(verifier.client);
  const looker = createLooker(verifier, holdings);
  const belonging = await belongings(
    pods.map(({ pod }) => pod),
    flags.repository,
    holdings,
  );
  const groups = groupsOf(pods.map((each, index) => ({ ...each, belonging: belonging[index] })));
  const looked = await inParallel(groups, async (group) => ({
    group,
    result: await looker.lookAt(group.first, group.belonging),
  }));
  const running = looked.flatMap(({ result }) => (typeof result === "string" ? [] : [result]));
  const isTold = saysFiles(flags);
  const covers = facts.map((each) => (isTold ? each.paths : pathsNow(each, running)));
  const newest = await Promise.all(covers.map((paths) => lastCommitAt(history, tip, paths)));
  const described = await lookUpCommits(
    history,
    newest.filter((hash) => hash !== undefined),
  );
  const images: ImageStatus[] = facts.map(({ context }, index) => ({
    context: context || ".",
    newest: described.get(newest[index] ?? ""),
    versions: [],
    running: [],
  }));
  const compared: Compared[][] = images.map(() => []);
  const odd: OtherImage[] = found.flatMap((each) =>
    each.odd.map(({ name, why }) => ({
      ...{ place: each.place, image: "", why: `not understood: ${why}` },
      ...{ pods: [name], terminating: [], suspect: true },
    })),
  );
  const strangers: Stranger[] = [];
  const known = new Set(flags.repository);
  await Promise.all(
    looked.map(async ({ group, result }) => {
      const revision = typeof result === "string" ? undefined : labelIn(result.labels, REVISION_LABEL);
      const tree = typeof result === "string" ? undefined : labelIn(result.labels, TREE_LABEL);
      const owner = typeof result === "string" ? -1 : await ownerOf(tree, result);
      if (typeof result === "string" || owner < 0) {
        strangers.push({ group, result });
        return;
      }
      const cover = covers[owner] ?? [];
      // Another image of the same directory may be made of less of it.
      const own = isTold ? [] : (madeOf(result)?.paths ?? []);
      const paths = outermost([...cover, ...own]);
      const to =
        paths.join("\0") === outermost(cover).join("\0") ? newest[owner] : await lastCommitAt(history, tip, paths);
      const changes =
        revision === undefined || to === undefined
          ? undefined
          : await readChanges({ root: history.root, from: revision, to, paths });
      const consistent = isConsistent(result.checks);
      const asDeployed = await inParallel(group.pods, (pod) => looker.isAsDeployed(pod, result));
      for (const repository of repositoriesOfGroup(group)) {
        known.add(repository);
      }
      if (result.commit && changes) {
        compared[owner]?.push({ commit: result.commit, changes });
      }
      images[owner]?.running.push({
        place: group.place,
        repository: result.repository,
        digest: result.digest,
        tag: tagOf(group) ?? labelIn(result.labels, VERSION_LABEL),
        revision,
        commit: result.commit,
        behind: changes?.added.length,
        ahead: changes?.removed.length,
        since: earliest(group),
        debug: dirtyIn(result.labels) !== undefined,
        consistent,
        why: consistent ? "" : whyNot(result.checks),
        workloads: workloadsOf(group),
        ...containersOf(group),
        differing: namesOf(group.pods.filter((_, index) => !asDeployed[index])),
      });
    }),
  );
  const directories = facts.map(({ context, root }) => ({ context, name: lastPart(path.resolve(root, context)) }));
  const others = strangers.map((stranger) => ({
    place: stranger.group.place,
    image: stranger.group.name,
    why: strangeness(stranger),
    ...containersOf(stranger.group),
    suspect: isSuspect(stranger, known, directories),
  }));
  return {
    root: history.root,
    branch,
    places: places.map(({ place }) => place),
    images: images.map((image, index) => ({
      ...sorted(image),
      versions: versionsOf(image.newest, compared[index] ?? []),
    })),
    others: [...odd, ...others].sort((one, other) => (otherKey(one) < otherKey(other) ? -1 : 1)),
  };

  /** Which of the images it is, by the directory or the files that it says it was built from; -1 for none. */
  async function ownerOf(tree: string | undefined, verification: Verification): Promise<number> {
    const { commit } = verification;
    const said = isTold ? undefined : madeOf(verification);
    const named = facts.findIndex(({ context }) => context === said?.context);
    if (named >= 0) {
      return named;
    }
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

function otherKey({ place, image }: OtherImage): string {
  return `${place.cluster}\n${place.namespace}\n${image}`;
}

function sorted(image: ImageStatus): ImageStatus {
  const key = ({ place, digest }: RunningImage) => `${place.cluster}\n${place.namespace}\n${digest}`;
  return { ...image, running: image.running.sort((one, other) => (key(one) < key(other) ? -1 : 1)) };
}
