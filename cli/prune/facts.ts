import { VersionedImageError } from "../../components/errors";
import { type History, locateImage } from "../../components/git/lookup";
import { parseRepository } from "../../components/registry";
import { type Cluster, openClusters, readUses, soughtOf, type Unread, type Use } from "../cluster";
import { sourceOf } from "../imageOptions";
import type { Held } from "./held";
import type { Holding } from "./holding";
import { type Plan, planRemovals } from "./plan";
import { type Paths, readProvenance } from "./readProvenance";
import type { ClusterSettings, RepositorySettings, Settings } from "./settings";
import { shownStack } from "./tagKind";
import { openWholeClone, type WholeClone } from "./wholeClone";

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
      `What needs images is not known: ${first.why}\nNothing is deleted before that is known. Let this user list ${kinds.join(", ")}` +
        (ignoring === "" ? "." : `, or, if nothing of ${ignorable.join(", ")} needs an image, say ${ignoring}`),
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
