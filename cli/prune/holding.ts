import { parseRepository, type RegistryClient } from "../../components/registry";
import type { Use } from "../cluster";
import type { Io } from "../output";
import { addUntagged, type Held, readHeld, type Shelf } from "./held";
import type { Plan, Removal } from "./plan";
import { planPlace, readPlan } from "./planFile";
import type { RepositorySettings } from "./settings";

/** What of an interrupted run's plan there is. */
export interface Resumed {
  /** When the plan was made. */
  made: Date;
  /** The digests that were to go. */
  planned: string[];
  /** Those of them that are gone. */
  gone: string[];
}

/** What an interrupted run was to delete, is there, and may not go by now. */
export function stillThere({ removals }: Plan, { planned, gone }: Resumed): string[] {
  const others = new Set([...gone, ...removals.map(({ digest }) => digest)]);
  return planned.filter((digest) => !others.has(digest));
}

/** A repository with what the registry has of it. */
export interface Holding {
  settings: RepositorySettings;
  held: Held;
  /** Where the plan is while it is carried out. */
  planFile: string;
  /** Undefined if no run was interrupted, or it is not to be ended. */
  resumed: Resumed | undefined;
  /** What that one was to delete and is there still, though no tag leads to it any more. */
  leftovers: Removal[];
}

/** Reads what a repository holds, and what an interrupted run has left. Throws PlanFailed, and what the client throws. */
export async function holdingOf(
  settings: RepositorySettings,
  client: RegistryClient,
  { resume, planDir }: { resume?: boolean; planDir?: string },
  io: Io,
): Promise<Holding> {
  const { repository } = settings;
  const planFile = planPlace(repository, planDir, io.env);
  const earlier = resume ? await readPlan(planFile, repository) : undefined;
  const held = await readHeld(client, repository);
  if (!earlier) {
    return { settings, held, planFile, resumed: undefined, leftovers: [] };
  }
  const untagged = earlier.removals.filter(({ digest }) => !held.manifests.has(digest));
  const gone = await addUntagged(
    client,
    held,
    untagged.map(({ digest }) => digest),
  );
  const planned = earlier.removals.map(({ digest }) => digest);
  return {
    settings,
    held,
    planFile,
    resumed: { made: earlier.made, planned, gone },
    leftovers: untagged.filter(({ digest }) => !gone.includes(digest)),
  };
}

/** Reads what clusters name by digest though no tag leads to it; what this repository should have of it and hasn't is told. */
export async function missingOf(client: Shelf, held: Held, uses: Use[]): Promise<{ words: string; digest: string }[]> {
  const { name } = parseRepository(held.repository);
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
