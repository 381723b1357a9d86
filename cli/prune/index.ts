import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRegistryClient, type RegistryClient } from "../../components/registry";
import { type Io, printResult, type Status } from "../output";
import { hearSignals } from "../signals";
import { askAll, type Facts, findClusters, freshFacts, openWholeClone, planOf, refuseUnread } from "./facts";
import { type Holding, holdingOf, missingOf } from "./holding";
import { unfinished, writePlan } from "./planFile";
import { isEnded, type Outcome, refuseChanged, removeAll } from "./removal";
import { type Pruned, type PruneReport, pruneJson } from "./report";
import { readRules } from "./rulesFile";
import { refuseBesideRules, refuseUnclear, type Settings, type SettingsFlags, settingsOf } from "./settings";
import { pruneText } from "./text";

export interface PruneFlags extends SettingsFlags {
  /** A file that has all settings in place of the options. */
  rules?: string;
  delete?: boolean;
  /** Whether to end what an interrupted run has left, too. */
  resume?: boolean;
  /** Where plans are kept while they are carried out. Default: the user's directory for programs' states. */
  planDir?: string;
  /** Whether all tags are listed. */
  verbose?: boolean;
  json?: boolean;
}

/**
 * Says what may go from repositories, and deletes it if that is wanted. All is read before the first deletion: where a cluster or
 * registry does not answer, nothing goes. The answer is no if something was refused, was left or is lost.
 */
export async function prune(repositories: string[], flags: PruneFlags, io: Io): Promise<Status> {
  const settings = await settingsFrom(repositories, flags);
  refuseUnclear(settings, flags.delete === true);
  const client = createRegistryClient({ env: io.env });
  const report = await carryOut(settings, flags, client, io);
  printResult(io, flags.json, report, pruneJson, (shown) => pruneText(shown, io, flags.verbose === true));
  return report.repositories.every(({ outcome }) => outcome === undefined || isClean(outcome)) ? 0 : 1;
}

async function settingsFrom(repositories: string[], flags: PruneFlags): Promise<Settings> {
  if (flags.rules === undefined) {
    return settingsOf(repositories, flags);
  }
  refuseBesideRules(flags.rules, repositories, flags);
  return readRules(flags.rules);
}

function isClean({ removed, lost }: Outcome): boolean {
  return lost?.length === 0 && removed.every(({ outcome }) => outcome !== "refused" && outcome !== "left");
}

async function carryOut(settings: Settings, flags: PruneFlags, client: RegistryClient, io: Io): Promise<PruneReport> {
  // What is wrong with the clone is told before anything is read.
  await openWholeClone(settings.context, settings.fetch);
  const clusters = await findClusters(settings);
  const holdings: Holding[] = [];
  for (const each of settings.repositories) {
    const holding = await holdingOf(each, client, flags, io);
    if (flags.delete && !flags.resume && existsSync(holding.planFile)) {
      throw unfinished(holding.planFile, each.repository);
    }
    holdings.push(holding);
  }
  // After the registry, so that what has just been deployed from it is seen.
  const ask = () => askAll(settings, clusters, holdings, io.now());
  const facts = await ask();
  const repositories: Pruned[] = [];
  for (const holding of holdings) {
    const { held, resumed, planFile } = holding;
    repositories.push({
      held,
      missing: await missingOf(client, held, facts.uses),
      plan: await planOf(holding, facts, settings, io.now()),
      resumed,
      outcome: undefined,
      planFile: existsSync(planFile) ? planFile : undefined,
    });
  }
  if (flags.delete) {
    refuseUnread(facts.unread);
    await deleteAll(repositories, holdings, settings, facts, freshFacts(facts, ask, io.now), client, io);
  }
  return {
    history: facts.clone.history,
    clusters: Array.isArray(settings.clusters)
      ? clusters.map(({ cluster, settings: { namespaces } }) => ({ name: cluster.name, namespaces }))
      : undefined,
    unread: facts.unread,
    repositories,
  };
}

/** Writes down what is to go, and deletes it. What was not done, and could not be found again, is left written. */
async function deleteAll(
  repositories: Pruned[],
  holdings: Holding[],
  settings: Settings,
  facts: Facts,
  ask: () => Promise<Facts>,
  client: RegistryClient,
  io: Io,
): Promise<void> {
  for (const { held } of holdings) {
    await refuseChanged(client, held);
  }
  for (const [index, { plan, resumed }] of repositories.entries()) {
    const { planFile } = holdings[index] as Holding;
    const { repository, removals } = plan;
    if (removals.length > 0) {
      await writePlan(planFile, repository, { made: io.now(), removals }, resumed !== undefined);
    }
  }
  const signals = hearSignals((line) => io.err(`${line}\n`), "stopping after the current deletion");
  try {
    for (const [index, pruned] of repositories.entries()) {
      const holding = holdings[index] as Holding;
      let last = { facts, plan: pruned.plan };
      const plan = async () => {
        const now = await ask();
        if (now !== last.facts) {
          // What is needed by now and has no tag was not read before; what it consists of must stay as well.
          await missingOf(client, holding.held, now.uses);
          last = { facts: now, plan: await planOf(holding, now, settings, io.now()) };
        }
        return last.plan;
      };
      pruned.outcome = await removeAll(client, pruned.plan, pruned.held, { stopped: signals.stopped, plan });
      pruned.planFile = isEnded(pruned.outcome) ? undefined : holding.planFile;
      if (pruned.planFile === undefined) {
        await rm(holding.planFile, { force: true });
      }
    }
  } finally {
    signals.ignore();
  }
}
