import { VersionedImageError } from "../../components/errors";
import type { Deletion, RegistryClient } from "../../components/registry";
import { inParallel } from "../inParallel";
import type { Held } from "./held";
import type { Plan, Removal } from "./plan";

/** What is asked of a registry. */
export type Remover = Pick<RegistryClient, "tags" | "resolve" | "delete">;

/** What became of a manifest that was to go. */
export interface Removed extends Removal {
  outcome: "deleted" | "missing" | "refused" | "left";
  /** The registry's words where it refused, or why it was not asked any more; else empty. */
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
 * Deletes what may go, one after the other, and looks whether all is there that must stay. What the registry refuses is told; once
 * it deletes nothing at all, or does not answer, it is asked no more.
 */
export async function removeAll(
  client: Remover,
  { repository, removals, verdicts, needed }: Plan,
  held: Held,
): Promise<Outcome> {
  const removed: Removed[] = [];
  let stopped: string | undefined;
  let unsupported = false;
  for (const removal of removals) {
    if (stopped !== undefined) {
      removed.push({ ...removal, outcome: "left", words: stopped });
      continue;
    }
    try {
      const deletion = await removeOne(client, repository, removal);
      unsupported = deletion === "unsupported";
      stopped = unsupported ? "the registry deletes nothing" : undefined;
      removed.push({ ...removal, ...outcomeOf(deletion) });
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
    removed,
    unsupported,
    lost: await lostOf(
      client,
      repository,
      staying,
      [...needed].filter((digest) => held.manifests.has(digest)),
    ),
  };
}

/** Registries such as Google's delete a manifest only once no tag leads to it. All its tags may go, or it would not be asked for. */
async function removeOne(client: Remover, repository: string, { digest, tags }: Removal): Promise<Deletion> {
  const first = await client.delete(repository, digest);
  if (typeof first !== "object" || tags.length === 0) {
    return first;
  }
  for (const tag of tags) {
    const untagged = await client.delete(repository, tag);
    if (untagged !== "deleted" && untagged !== "missing") {
      return first;
    }
  }
  return client.delete(repository, digest);
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
  const tagged = await inParallel(staying, async ({ tag, digest }) =>
    (await client.resolve(repository, tag))?.digest === digest ? undefined : tag,
  );
  const named = new Set(staying.map(({ digest }) => digest));
  const untagged = await inParallel(
    needed.filter((digest) => !named.has(digest)),
    async (digest) => ((await client.resolve(repository, digest)) ? undefined : digest),
  );
  return [...tagged, ...untagged].filter((lost) => lost !== undefined);
}
