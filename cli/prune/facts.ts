import { VersionedImageError } from "../../components/errors";
import {
  fetchRefs,
  fetchWords,
  type History,
  hasAny,
  listRemoteRefs,
  listRemotes,
  locateImage,
  lookUpCommits,
  openHistory,
  type Ref,
} from "../../components/git/lookup";
import { parseRepository } from "../../components/registry";
import { attempt } from "../attempt";
import { type Cluster, openClusters, readUses, soughtOf, type Unread, type Use } from "../cluster";
import { sourceOf } from "../imageOptions";
import type { Held } from "./held";
import type { Holding } from "./holding";
import { type Plan, planRemovals } from "./plan";
import { type Paths, readProvenance } from "./readProvenance";
import type { ClusterSettings, RepositorySettings, Settings } from "./settings";
import { shownStack } from "./tagKind";

/** What clusters and git say. */
export interface Facts {
  /** When they were asked. */
  at: Date;
  clone: WholeClone;
  uses: Use[];
  /** What of the clusters could not be read, so that nothing may be deleted. */
  unread: Unread[];
}

/** A cluster with what is asked of it. */
export interface AskedCluster {
  cluster: Cluster;
  settings: ClusterSettings;
}

/** Throws ClusterFailed. */
export async function findClusters({ clusters }: Settings): Promise<AskedCluster[]> {
  const found: AskedCluster[] = [];
  for (const settings of Array.isArray(clusters) ? clusters : []) {
    found.push(...(await openClusters(settings)).map((cluster) => ({ cluster, settings })));
  }
  return found;
}

/** Asks git's remotes, and the clusters what they use of the repositories. Throws ClusterFailed, ShallowHistory, GitFailed. */
export async function askAll(
  { context, fetch }: Settings,
  clusters: AskedCluster[],
  holdings: Holding[],
  at: Date,
): Promise<Facts> {
  const clone = await openWholeClone(context, fetch);
  const sought = holdings.map(({ held }) => seek(held));
  const read = await Promise.all(
    clusters.map(({ cluster, settings: { namespaces, ignoredKinds } }) =>
      readUses(cluster, { sought, namespaces, ignored: ignoredKinds }),
    ),
  );
  return { at, clone, uses: read.flatMap(({ uses }) => uses), unread: read.flatMap(({ unread }) => unread) };
}

function seek({ repository, tags, dangling, manifests }: Held) {
  const digests = [...manifests.values()].flatMap(({ digest, config }) => [digest, ...(config ? [config] : [])]);
  return soughtOf(parseRepository(repository).name, [...tags.keys(), ...dangling], digests);
}

/** What could not be read might need anything. */
export function refuseUnread(unread: Unread[]): void {
  const [first] = unread;
  if (first) {
    const kinds = [...new Set(unread.map(({ kind }) => kind))];
    // Without pods nothing is known of what runs.
    const ignorable = kinds.filter((kind) => kind !== "Pod");
    const ignoring = ignorable.map((kind) => `--ignore-kind '${kind}'`).join(" ");
    throw new VersionedImageError(
      "ClusterFailed",
      `It is not known which images are needed: ${first.why}\nNothing was deleted. Let this user list ` +
        `${kinds.join(", ")}` +
        (ignoring === "" ? "." : `, or, if ${ignorable.join(", ")} needs no image, add ${ignoring}`),
    );
  }
}

/** Decides by facts what may go. Throws GitFailed. */
export async function planOf(
  { settings, held, leftovers }: Holding,
  { clone: { history, remoteRefs }, uses }: Facts,
  { stacks }: Settings,
  now: Date,
): Promise<Plan> {
  const { keep } = settings;
  const paths = await namedPaths(history, settings);
  const provenance = await readProvenance(history, held, keep.refs, paths, remoteRefs);
  const { name } = parseRepository(held.repository);
  const rules = { keepLast: keep.last, keepForMs: keep.forMs, now, stacks: stacks?.map(shownStack) };
  return planRemovals({ held, name, provenance, uses, leftovers }, rules);
}

/** The paths that are named are those of one image; others are found by their files. */
async function namedPaths(history: History, { image }: RepositorySettings): Promise<Paths[]> {
  return image ? [(await locateImage(history, await sourceOf(image.context, image))).paths] : [];
}

/** How old facts may be by which something is deleted, in milliseconds. */
const FRESH = 60_000;

/** Facts that are asked anew once they are older than a minute: clusters, and whether the clone still has all that remotes have. */
export function freshFacts(first: Facts, ask: () => Promise<Facts>, now: () => Date): () => Promise<Facts> {
  let facts = first;
  return async () => {
    // A clock that was set back tells nothing.
    if (Math.abs(now().getTime() - facts.at.getTime()) >= FRESH) {
      const asked = await ask();
      refuseUnread(asked.unread);
      facts = asked;
    }
    return facts;
  };
}

/** A clone that has all commits of all branches and tags, and what these are. */
interface WholeClone {
  history: History;
  /** The branches and tags of its remotes as they are now, which the clone may know as they were. */
  remoteRefs: Ref[];
}

/**
 * Opens a clone. One without a remote has all that there is; of any other, each branch and tag of its remotes must be in it, else
 * images that these need would seem to be needed by nothing. With `fetch` it is made so. Throws ShallowHistory, GitFailed.
 */
export async function openWholeClone(context: string, fetch: boolean): Promise<WholeClone> {
  const before = await openHistory(context);
  const remotes = await listRemotes(before);
  if (fetch) {
    for (const remote of remotes) {
      // The first one deepens it for all.
      const { shallow } = await openHistory(context);
      await fetchRefs(before, remote, shallow.size > 0);
    }
  }
  const history = fetch ? await openHistory(context) : before;
  const [first = "origin"] = remotes;
  if (history.shallow.size > 0) {
    throw lacking(history, "is shallow and lacks commits and branches that need images", first);
  }
  const remoteRefs: Ref[] = [];
  for (const remote of remotes) {
    const refs = await remoteRefsOf(history, remote);
    const missing = await missingOf(history, refs);
    const [one, ...more] = missing;
    if (one) {
      const others = more.length > 0 ? ` (and ${more.length} more)` : "";
      throw lacking(
        history,
        `lacks the commit of ${one.name}${others} of its remote ${remote}, which may need images`,
        remote,
      );
    }
    remoteRefs.push(...refs);
  }
  return { history, remoteRefs };
}

function lacking({ root, shallow }: History, what: string, remote: string): VersionedImageError {
  return new VersionedImageError(
    "ShallowHistory",
    `The clone ${root} ${what}. Nothing was deleted. Run \`${fetchWords(remote, shallow.size > 0)}\`, or add --fetch ` +
      "(in a CI checkout: `fetch-depth: 0`).",
  );
}

async function remoteRefsOf(history: History, remote: string): Promise<Ref[]> {
  const refs = await attempt(() => listRemoteRefs(history, remote));
  if (!(refs instanceof VersionedImageError)) {
    return refs;
  }
  throw new VersionedImageError(
    refs.code,
    `The branches and tags of the remote ${remote}, which need images, can't be listed: ${refs.message}\nNothing was ` +
      `deleted. Check that \`git ls-remote ${remote}\` works in ${history.root}, or remove ` +
      "the remote if it no longer exists.",
    { cause: refs },
  );
}

async function missingOf(history: History, refs: Ref[]): Promise<Ref[]> {
  const commits = refs.map(({ commit }) => commit);
  const there = await lookUpCommits(history, commits);
  const others = commits.filter((commit) => !there.has(commit));
  // A tag can be of something else than a commit, which no image is built from.
  const known = others.length > 0 ? await hasAny(history, others) : new Set();
  return refs.filter(({ commit }) => !there.has(commit) && !known.has(commit));
}
