import { VersionedImageError } from "../../components/errors";
import { type History, locateImage } from "../../components/git/lookup";
import { createRegistryClient, parseRepository, type RegistryClient } from "../../components/registry";
import { type ClusterNames, openClusters, readUses, soughtOf, type Unread, type Use } from "../cluster";
import { type SourceFlags, sourceOf } from "../imageOptions";
import { type Io, printJson, type Status } from "../output";
import type { Held } from "./held";
import { pruneJson } from "./json";
import { type Plan, planRemovals } from "./plan";
import { addUntagged, readHeld } from "./readHeld";
import { type Paths, readProvenance } from "./readProvenance";
import { type Outcome, refuseChanged, removeAll } from "./removal";
import { shownStack } from "./scratchStack";
import { pruneText } from "./text";
import { openWholeClone } from "./wholeClone";

export interface PruneFlags extends SourceFlags, ClusterNames {
  /** The image's directory; else a directory of the git repository, the working directory. */
  context?: string;
  namespace?: string[];
  /** Kinds of objects that need not be read, as KIND.group or *.group. */
  ignoreKind?: string[];
  /** Whether to get all branches and tags of the remotes first. */
  fetch?: boolean;
  /** False: no cluster uses the repositories. */
  cluster: boolean;
  keepLast: number;
  /** In milliseconds. */
  keepFor: number;
  keepRefs?: string[];
  stack?: string[];
  delete?: boolean;
  /** Whether all tags are listed. */
  verbose?: boolean;
  json?: boolean;
}

/** What `prune` shows of a repository. */
export interface Pruned {
  held: Held;
  plan: Plan;
  /** What clusters need, by the words of who does, and the registry does not have. */
  missing: { words: string; digest: string }[];
  /** Undefined if nothing was to be deleted. */
  outcome: Outcome | undefined;
}

/** What `prune` shows. */
export interface PruneReport {
  history: History;
  /** The clusters that were asked; undefined if none was named. */
  clusters: string[] | undefined;
  namespaces: string[];
  /** What of the clusters could not be read, so that nothing may be deleted. */
  unread: Unread[];
  repositories: Pruned[];
}

/**
 * Says what may go from repositories, and deletes it if that is wanted. All is read before the first deletion: where a cluster or
 * registry does not answer, nothing goes. The answer is no if something was refused or is lost.
 */
export async function prune(repositories: string[], flags: PruneFlags, io: Io): Promise<Status> {
  const names = [...new Set(repositories.map((repository) => parseRepository(repository).repository))];
  const client = createRegistryClient({ env: io.env });
  const report = await readReport(names, flags, client, io);
  if (flags.delete) {
    refuseUnread(report.unread);
    for (const { held } of report.repositories) {
      await refuseChanged(client, held);
    }
    for (const pruned of report.repositories) {
      pruned.outcome = await removeAll(client, pruned.plan, pruned.held);
    }
  }
  if (flags.json) {
    printJson(io, pruneJson(report));
  } else {
    io.out(pruneText(report, io, flags.verbose === true));
  }
  return report.repositories.every(({ outcome }) => outcome === undefined || isClean(outcome)) ? 0 : 1;
}

function isClean({ removed, lost }: Outcome): boolean {
  return lost.length === 0 && removed.every(({ outcome }) => outcome !== "refused" && outcome !== "left");
}

async function readReport(names: string[], flags: PruneFlags, client: RegistryClient, io: Io): Promise<PruneReport> {
  const { kubeconfig = [], kubeContext = [], namespace = [], keepRefs = ["*"] } = flags;
  const named = kubeconfig.length + kubeContext.length + namespace.length > 0;
  refuseUnclear(flags, named);
  const { history, remoteRefs } = await openWholeClone(flags.context ?? ".", flags.fetch === true);
  const paths = await namedPaths(history, flags);
  const clusters = named ? await openClusters(flags) : undefined;
  const holdings: Held[] = [];
  for (const name of names) {
    holdings.push(await readHeld(client, name));
  }
  // After the registry, so that what has just been deployed from it is seen.
  const query = { sought: holdings.map(seek), namespaces: namespace, ignored: flags.ignoreKind ?? [] };
  const read = await Promise.all((clusters ?? []).map((cluster) => readUses(cluster, query)));
  const uses = read.flatMap((each) => each.uses);
  const unread = read.flatMap((each) => each.unread);
  const rules = {
    keepLast: flags.keepLast,
    keepForMs: flags.keepFor,
    now: io.now(),
    stacks: flags.stack?.map(shownStack),
  };
  const pruned: Pruned[] = [];
  for (const held of holdings) {
    const { name } = parseRepository(held.repository);
    const missing = await missingOf(client, held, name, uses);
    const provenance = await readProvenance(history, held, keepRefs, paths, remoteRefs);
    pruned.push({ held, plan: planRemovals({ held, name, provenance, uses }, rules), missing, outcome: undefined });
  }
  const asked = clusters?.map((cluster) => cluster.name);
  return { history, clusters: asked, namespaces: namespace, unread, repositories: pruned };
}

function seek({ repository, tags, dangling, manifests }: Held) {
  const digests = [...manifests.values()].flatMap(({ digest, config }) => [digest, ...(config ? [config] : [])]);
  return soughtOf(parseRepository(repository).name, [...tags.keys(), ...dangling], digests);
}

/** What could not be read might need anything. */
function refuseUnread(unread: Unread[]): void {
  const [first] = unread;
  if (first) {
    const kinds = [...new Set(unread.map(({ kind }) => kind))];
    throw new VersionedImageError(
      "ClusterFailed",
      `What needs images is not known: ${first.why}\nNothing was deleted. Let this user list ${kinds.join(", ")}, or, if nothing of them ` +
        `needs an image, say ${kinds.map((kind) => `--ignore-kind '${kind}'`).join(" ")}`,
    );
  }
}

function refuseUnclear(flags: PruneFlags, named: boolean): void {
  if (flags.context === undefined && (flags.path !== undefined || flags.dockerfile !== undefined)) {
    throw new VersionedImageError(
      "InvalidArgument",
      "--path and --dockerfile are relative to the image's directory: name that with --context.",
    );
  }
  if (!flags.cluster && named) {
    throw new VersionedImageError("InvalidArgument", "--no-cluster says that there is none: name none with it.");
  }
  if (flags.delete && flags.cluster && !named) {
    throw new VersionedImageError(
      "InvalidArgument",
      "What runs must be known before anything is deleted: name the clusters that use these repositories with --kube-context or " +
        "--kubeconfig, or say --no-cluster if none does.",
    );
  }
}

/** The paths that are named are those of one image; others are found by their files. */
async function namedPaths(history: History, flags: PruneFlags): Promise<Paths[]> {
  if (flags.context === undefined || (flags.path === undefined && flags.dockerfile === undefined)) {
    return [];
  }
  return [(await locateImage(history, sourceOf(flags.context, flags))).paths];
}

/** Reads what clusters name by digest though no tag leads to it; what this repository should have of it and hasn't is told. */
async function missingOf(client: RegistryClient, held: Held, name: string, uses: Use[]): Promise<Pruned["missing"]> {
  // What is a configuration is no manifest that could be asked for.
  const configs = new Set([...held.manifests.values()].map(({ config }) => config));
  const digests = uses.flatMap(({ digest }) => (digest === undefined || configs.has(digest) ? [] : [digest]));
  const missing = new Set(await addUntagged(client, held, digests));
  const told = new Map<string, { words: string; digest: string }>();
  for (const use of uses) {
    if (use.digest !== undefined && use.name === name && missing.has(use.digest) && !told.has(use.digest)) {
      told.set(use.digest, { words: use.words, digest: use.digest });
    }
  }
  return [...told.values()];
}
