import { VersionedImageError } from "../../components/errors";
import type { Deletion, RegistryClient } from "../../components/registry";
import { inParallel } from "../inParallel";
import { closure, type Held } from "./held";
import type { Plan, Removal } from "./plan";
import { addUntagged, type Shelf } from "./readHeld";
import { subjectOf } from "./tagKind";

/** What is asked of a registry. */
export type Remover = Shelf & Pick<RegistryClient, "resolve" | "delete">;

/** What became of a manifest that was to go. */
export interface Removed extends Removal {
  /** "kept": it was needed again once its turn came. "left": nothing was asked any more. */
  outcome: "deleted" | "missing" | "refused" | "kept" | "left";
  /** The registry's words where it refused, or why it was kept or left; else empty. */
  words: string;
}

/** What became of a plan. */
export interface Outcome {
  removed: Removed[];
  /** Whether the registry says that it deletes nothing. */
  unsupported: boolean;
  /** Tags and digests that should have stayed, and that the registry does not have any more. */
  lost: string[];
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
      `${repository}:${first} was set, moved or deleted while the repository was looked at. Nothing was deleted: run again when ` +
        "no update runs.",
    );
  }
}

/**
 * Deletes what may go, one after the other, each after a last look, and looks whether all is there that must stay. What the registry
 * refuses is told; once it deletes nothing at all, or does not answer, it is asked no more.
 */
export async function removeAll(client: Remover, plan: Plan, held: Held): Promise<Outcome> {
  const { repository, removals, verdicts, needed } = plan;
  const removed: Removed[] = [];
  const looker = lastLooks(client, plan, held);
  let stopped: string | undefined;
  let unsupported = false;
  for (const removal of removals) {
    if (stopped !== undefined) {
      removed.push({ ...removal, outcome: "left", words: stopped });
      continue;
    }
    try {
      const { tags, keeper } = await looker.look(removal);
      if (keeper !== undefined) {
        removed.push({ ...removal, tags, outcome: "kept", words: `${keeper} leads to it by now` });
        continue;
      }
      const deletion = await removeOne(client, repository, { ...removal, tags });
      unsupported = deletion === "unsupported";
      stopped = unsupported ? "the registry deletes nothing" : undefined;
      removed.push({ ...removal, tags, ...outcomeOf(deletion) });
    } catch (error) {
      if (!(error instanceof VersionedImageError)) {
        throw error;
      }
      stopped = error.message;
      removed.push({ ...removal, outcome: "left", words: stopped });
    }
  }
  const staying = verdicts.filter(({ stays }) => stays.length > 0);
  return {
    removed: await inParallel(removed, (each) => checked(client, repository, each)),
    unsupported,
    lost: await lostOf(
      client,
      repository,
      [...staying, ...looker.moved()],
      [...needed].filter((digest) => held.manifests.has(digest)),
    ),
  };
}

/**
 * Looks whether something leads by now to what is to go. Tags that were set meanwhile, and those that are moved by hand, are read each
 * time; versions are not moved.
 */
function lastLooks(client: Remover, { repository, verdicts }: Plan, held: Held) {
  const known = new Map(held.tags);
  const loose = verdicts.filter(({ kind, stays }) => kind === "unknown" && stays.length > 0).map(({ tag }) => tag);
  /** What was found to be needed, with the tag that needs it. */
  const keepers = new Map<string, string>();
  const moved = new Map<string, string>();

  async function look({ digest, tags }: Removal): Promise<{ tags: string[]; keeper: string | undefined }> {
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
    const subjects = [held.manifests.get(digest)?.subject, ...tags.map(subjectOf)];
    return {
      tags: tags.filter((tag) => found.some((each) => each.tag === tag && each.found?.digest === digest)),
      keeper: [digest, ...subjects].map((each) => keepers.get(each ?? "")).find((keeper) => keeper !== undefined),
    };
  }

  return { look, moved: () => [...moved].map(([tag, digest]) => ({ tag, digest })) };
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

/** Some registries say that they delete, and don't. */
async function checked(client: Remover, repository: string, removed: Removed): Promise<Removed> {
  return removed.outcome === "deleted" && (await client.resolve(repository, removed.digest))
    ? { ...removed, outcome: "refused", words: "the registry says that it is deleted, and has it still" }
    : removed;
}

function outcomeOf(deletion: Deletion): Pick<Removed, "outcome" | "words"> {
  if (typeof deletion === "object") {
    return { outcome: "refused", words: deletion.refused.words };
  }
  return deletion === "unsupported"
    ? { outcome: "refused", words: "the registry deletes nothing" }
    : { outcome: deletion, words: "" };
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
