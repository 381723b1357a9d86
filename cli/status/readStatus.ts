import * as path from "node:path";
import { invalidArgument } from "../../components/errors";
import { readChanges, readFacts } from "../../components/git";
import { findCommit, lastCommitAt, lookUpCommits, openHistory, treesAt } from "../../components/git/lookup";
import { dirtyIn, labelIn, outermost, REVISION_LABEL, TREE_LABEL, VERSION_LABEL } from "../../components/version";
import { type ClusterNames, openClusters, readRunning } from "../cluster";
import { type SourceFlags, saysFiles, sourceOf } from "../imageOptions";
import { inParallel } from "../inParallel";
import type { Io } from "../output";
import { belongings, createHoldings, lastPart } from "../verify/belonging";
import { isConsistent, whyNot } from "../verify/check";
import { createVerifier, type Verification } from "../verify/verification";
import {
  containersOf,
  earliest,
  groupsOf,
  isSuspect,
  namesOf,
  repositoriesOfGroup,
  type Stranger,
  strangeness,
  tagOf,
  workloadsOf,
} from "./groups";
import { createLooker } from "./lookAt";
import { madeOf, pathsNow } from "./madeOf";
import {
  type Compared,
  type ImageStatus,
  type OtherImage,
  type RunningImage,
  type StatusReport,
  versionsOf,
} from "./report";

export async function readStatus(contexts: string[], flags: StatusFlags, io: Io): Promise<StatusReport> {
  const facts = await Promise.all(contexts.map(async (context) => readFacts(await sourceOf(context, flags))));
  const [first] = facts;
  if (!first || facts.some(({ root }) => root !== first.root)) {
    throw invalidArgument("The directories are in different git repositories. Run status once for each repository.");
  }
  const history = await openHistory(first.root);
  const branch = flags.branch ?? "HEAD";
  const tip = await findCommit(history, branch);
  if (tip === undefined) {
    throw invalidArgument(
      `--branch ${branch} is not a commit in this clone. Name a branch, tag or hash that it has (git fetch gets ` +
        "others).",
    );
  }
  const clusters = await openClusters(flags);
  const found = await Promise.all(
    clusters.flatMap((cluster) =>
      (flags.namespace ?? [cluster.namespace]).map(async (namespace) => ({
        place: { cluster: cluster.name, namespace },
        ...(await readRunning(cluster, namespace)),
      })),
    ),
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
      const owner = typeof result === "string" ? -1 : await ownerOf(result);
      if (typeof result === "string" || owner < 0) {
        strangers.push({ group, result });
        return;
      }
      const revision = labelIn(result.labels, REVISION_LABEL);
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
    places: found.map(({ place }) => place),
    images: images.map((image, index) => ({
      ...sorted(image),
      versions: versionsOf(image.newest, compared[index] ?? []),
    })),
    others: [...odd, ...others].sort((one, other) => (otherKey(one) < otherKey(other) ? -1 : 1)),
  };

  /** Which of the images it is, by the directory or the files that it says it was built from; -1 for none. */
  async function ownerOf(verification: Verification): Promise<number> {
    const { commit, labels } = verification;
    const tree = labelIn(labels, TREE_LABEL);
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
