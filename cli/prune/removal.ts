import { VersionedImageError } from "../../components/errors";
import type { Deletion, RegistryClient } from "../../components/registry";
import { attempt } from "../attempt";
import { inParallel } from "../inParallel";
import { addUntagged, closure, type Held, type Shelf } from "./held";
import { type Plan, type Removal, shortDigest, subjectsOf } from "./plan";

/** What is asked of a registry. */
export type Remover = Shelf & Pick<RegistryClient, "resolve" | "delete">;

/** What became of a manifest that was to go, with the tags that went with it or, if it was refused, lead to it still. */
export interface Removed extends Removal {
  /** "kept": it was needed again once its turn came. "left": nothing was asked any more. */
  outcome: "deleted" | "missing" | "refused" | "kept" | "left";
  /** The registry's words where it refused, or why it was kept or left; else empty. */
  words: string;
}

/** What became of a plan. */
export interface Outcome {
  removed: Removed[];
  /** Why nothing more was asked before all was done; undefined if nothing was left for that. */
  stopped: string | undefined;
  /**
   * Tags and digests that should have stayed, and that the registry does not have any more; undefined if that was not looked at, since
   * there was to be an end or the registry did not answer.
   */
  lost: string[] | undefined;
}

/** Whether nothing is left that a later run could not find: it finds what has a tag, and nothing else. */
export function isEnded({ removed, stopped }: Outcome): boolean {
  return removed.every(
    ({ outcome, tags }) => (outcome !== "left" || stopped === undefined) && (outcome !== "refused" || tags.length > 0),
  );
}

/** What is heard and asked of others while things are deleted. */
export interface Watch {
  /** Why there is to be an end; undefined while there is not. */
  stopped(): string | undefined;
  /** The plan by what clusters and git say now, or said a moment ago. */
  plan(): Promise<Plan>;
}

/**
 * Throws RegistryChanged if a tag was set or moved since the repository was read: it may lead to what was to go. To be asked
 * right before the first deletion.
 */
export async function refuseChanged(client: Remover, { repository, tags, dangling }: Held): Promise<void> {
  const now = [...new Set(await client.tags(repository))];
  const known = new Set(dangling);
  const found = await inParallel(now, (tag) => client.resolve(repository, tag));
  const changed = now.filter((tag, index) => !known.has(tag) && found[index]?.digest !== tags.get(tag));
  const back = now.filter((tag, index) => known.has(tag) && found[index] !== undefined);
  const [first] = [...changed, ...back];
  if (first !== undefined) {
    throw new VersionedImageError(
      "RegistryChanged",
      `${repository}:${first} was set, moved or deleted during the check. Nothing was deleted. Run again when no ` +
        "update is running.",
    );
  }
}

/**
 * Deletes what may go, one after the other, each after a last look, and looks whether all is there that must stay. What the registry
 * refuses is told; once it deletes nothing at all, or somebody does not answer, or there is to be an end, it is asked no more.
 */
export async function removeAll(client: Remover, plan: Plan, held: Held, watch: Watch): Promise<Outcome> {
  const removed: Removed[] = [];
  const looker = lastLooks(client, plan, held, watch);
  /** What is needed by what the registry refused to delete. */
  const refused = new Map<string, string>();
  let stopped: string | undefined;
  let unsupported = false;
  for (const removal of plan.removals) {
    stopped ??= watch.stopped();
    const why = stopped ?? (unsupported ? DELETES_NOTHING : undefined);
    const became = why === undefined ? await attempt(() => turnOf(removal)) : left(removal, why);
    if (became instanceof VersionedImageError) {
      // What was done until then must be told as well.
      stopped = became.message;
      removed.push(left(removal, stopped));
    } else {
      removed.push(became);
    }
  }
  return {
    removed,
    stopped,
    lost: undefined,
    ...(await lookAfter(client, plan, held, removed, looker.moved(), watch)),
  };

  async function turnOf(removal: Removal): Promise<Removed> {
    const { digest } = removal;
    const { tags, kept } = await looker.look(removal);
    stopped = watch.stopped();
    if (stopped !== undefined) {
      return left(removal, stopped);
    }
    const why = kept ?? refused.get(digest);
    if (why !== undefined) {
      return { ...removal, tags, outcome: "kept", words: why };
    }
    const deletion = await removeOne(client, plan.repository, { ...removal, tags });
    unsupported = deletion === "unsupported";
    const became = outcomeOf(deletion);
    for (const each of became.outcome === "refused" ? closure(held, [digest]) : []) {
      refused.set(each, `${shortDigest(digest)}, which was refused, needs it`);
    }
    return { ...removal, tags, ...became };
  }
}

function left(removal: Removal, words: string): Removed {
  return { ...removal, outcome: "left", words };
}

const DELETES_NOTHING = "the registry does not support deletion";

/** Looks whether what is to be gone is, and whether what is to stay is there. Where there is to be an end, neither. */
async function lookAfter(
  client: Remover,
  { repository, verdicts, needed }: Plan,
  held: Held,
  removed: Removed[],
  moved: { tag: string; digest: string }[],
  watch: Watch,
): Promise<Partial<Outcome>> {
  const stopped = watch.stopped();
  if (stopped !== undefined) {
    return { stopped };
  }
  const staying = verdicts.filter(({ stays }) => stays.length > 0);
  const digests = [...needed].filter((digest) => held.manifests.has(digest));
  const found = await attempt(async () => ({
    removed: await inParallel(removed, (each) => checked(client, repository, each)),
    lost: await lostOf(client, repository, [...staying, ...moved], digests),
  }));
  return found instanceof VersionedImageError ? { stopped: found.message } : found;
}

/**
 * Looks whether something leads by now to what is to go. Tags that were set meanwhile, and those that are moved by hand, are read each
 * time; versions are not moved. What clusters and git need by now is in the plan that is made anew.
 */
function lastLooks(client: Remover, plan: Plan, held: Held, watch: Watch) {
  const { repository, verdicts } = plan;
  const known = new Map(held.tags);
  const loose = verdicts.filter(({ kind, stays }) => kind === "unknown" && stays.length > 0).map(({ tag }) => tag);
  /** What was found to be needed, with the tag that needs it. */
  const keepers = new Map<string, string>();
  const moved = new Map<string, string>();
  let last = plan;
  let goes = digestsOf(last.removals);

  async function look(removal: Removal): Promise<{ tags: string[]; kept: string | undefined }> {
    const { digest, tags } = removal;
    const current = await watch.plan();
    if (current !== last) {
      last = current;
      goes = digestsOf(last.removals);
    }
    if (!goes.has(digest)) {
      return { tags, kept: whyItStays(last, removal) };
    }
    const now = await client.tags(repository);
    const unknown = now.filter((tag) => !known.has(tag));
    const asked = [...new Set([...tags, ...loose, ...unknown])];
    const found = await inParallel(asked, async (tag) => ({ tag, found: await client.resolve(repository, tag) }));
    for (const { tag, found: manifest } of found) {
      if (manifest && manifest.digest !== known.get(tag)) {
        known.set(tag, manifest.digest);
        moved.set(tag, manifest.digest);
        await addUntagged(client, held, [manifest.digest]);
        for (const each of closure(held, [manifest.digest])) {
          keepers.set(each, tag);
        }
      }
    }
    const keeper = [digest, ...subjectsOf(removal, held)].map((each) => keepers.get(each)).find(Boolean);
    return {
      tags: tags.filter((tag) => found.some((each) => each.tag === tag && each.found?.digest === digest)),
      kept: keeper === undefined ? undefined : `${keeper} now points to it`,
    };
  }

  return { look, moved: () => [...moved].map(([tag, digest]) => ({ tag, digest })) };
}

function digestsOf(removals: Removal[]): Set<string> {
  return new Set(removals.map(({ digest }) => digest));
}

function whyItStays({ verdicts }: Plan, { digest }: Removal): string {
  const verdict = verdicts.find((each) => each.digest === digest && each.stays.length > 0);
  return verdict?.stays[0]?.words ?? "something needs it now";
}

/** Registries such as Google's delete a manifest only once no tag leads to it. All its tags may go, or it would not be asked for. */
async function removeOne(client: Remover, repository: string, { digest, tags }: Removal): Promise<Deletion> {
  const first = await client.delete(repository, digest);
  if (typeof first !== "object" || tags.length === 0) {
    return first;
  }
  for (const tag of tags) {
    // One that was pushed anew meanwhile is another image's.
    if ((await client.resolve(repository, tag))?.digest !== digest) {
      continue;
    }
    const untagged = await client.delete(repository, tag);
    if (untagged !== "deleted" && untagged !== "missing") {
      return first;
    }
  }
  return client.delete(repository, digest);
}

/** Some registries say that they delete, and don't; of what they refuse, some have deleted the tags. */
async function checked(client: Remover, repository: string, removed: Removed): Promise<Removed> {
  const { digest, tags, outcome } = removed;
  if (outcome === "refused") {
    const found = await inParallel(tags, (tag) => client.resolve(repository, tag));
    return { ...removed, tags: tags.filter((_, index) => found[index]?.digest === digest) };
  }
  return outcome === "deleted" && (await client.resolve(repository, digest))
    ? { ...removed, outcome: "refused", words: "the registry reports it as deleted, but still has it" }
    : removed;
}

function outcomeOf(deletion: Deletion): Pick<Removed, "outcome" | "words"> {
  if (typeof deletion === "object") {
    return { outcome: "refused", words: deletion.refused.words };
  }
  return deletion === "unsupported" ? { outcome: "refused", words: DELETES_NOTHING } : { outcome: deletion, words: "" };
}

async function lostOf(
  client: Remover,
  repository: string,
  staying: { tag: string; digest: string }[],
  needed: string[],
): Promise<string[]> {
  const tagged = await inParallel(staying, async ({ tag, digest }) => {
    const found = await client.resolve(repository, tag);
    // A tag that was moved meanwhile is there; what it led to must be as well.
    const isThere = found && (found.digest === digest || (await client.resolve(repository, digest)));
    return isThere ? undefined : tag;
  });
  const named = new Set(staying.map(({ digest }) => digest));
  const untagged = await inParallel(
    needed.filter((digest) => !named.has(digest)),
    async (digest) => ((await client.resolve(repository, digest)) ? undefined : digest),
  );
  return [...tagged, ...untagged].filter((lost) => lost !== undefined);
}
