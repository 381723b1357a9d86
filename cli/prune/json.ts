import { parseRepository } from "../../components/registry";
import { commitJson } from "../json";
import { stillThere } from "./holding";
import { deletionAdvice } from "./limits";
import type { Pruned, PruneReport } from "./report";

export function pruneJson({ history, clusters, unread, repositories }: PruneReport) {
  return {
    git: { root: history.root },
    clusters: clusters?.map(({ name }) => name) ?? null,
    namespaces: [...new Set(clusters?.flatMap(({ namespaces }) => namespaces))],
    unread: unread.map(({ kind, why }) => ({ kind, message: why })),
    repositories: repositories.map(repositoryJson),
  };
}

function repositoryJson({ held, plan, missing, resumed, outcome, planFile }: Pruned) {
  const refused = outcome?.removed.find((removed) => removed.outcome === "refused");
  return {
    repository: plan.repository,
    tags: plan.verdicts.map(({ tag, digest, kind, commit, stays, goes }) => ({
      tag,
      digest,
      kind,
      commit: commit ? commitJson(commit) : null,
      stays: stays.length > 0,
      reasons: stays.map(({ rule, words }) => ({ rule, message: words })),
      goes: goes || null,
    })),
    removals: plan.removals.map(({ digest, tags }) => {
      const removed = outcome?.removed.find((each) => each.digest === digest);
      return {
        digest,
        tags: removed?.tags ?? tags,
        outcome: removed?.outcome ?? null,
        message: removed?.words || null,
      };
    }),
    dangling: held.dangling,
    missing: missing.map(({ words, digest }) => ({ digest, message: words })),
    advice: refused ? deletionAdvice(parseRepository(plan.repository), refused.digest) : null,
    resumed: resumed
      ? {
          made: resumed.made.toISOString(),
          planned: resumed.planned,
          gone: resumed.gone,
          stays: stillThere(plan, resumed),
        }
      : null,
    stopped: outcome?.stopped ?? null,
    plan: planFile ?? null,
    lost: outcome?.lost ?? null,
  };
}
