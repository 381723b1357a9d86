import type { History } from "../../components/git/lookup";
import { parseRepository, type Repository } from "../../components/registry";
import type { Unread } from "../cluster";
import { commitJson } from "../output";
import type { Held } from "./held";
import { type Resumed, stillThere } from "./holding";
import type { Plan } from "./plan";
import type { Outcome } from "./removal";

/** What `prune` shows of a repository. */
export interface Pruned {
  held: Held;
  plan: Plan;
  /** What clusters need, by the words of who does, and the registry does not have. */
  missing: { words: string; digest: string }[];
  /** What of the plan of an interrupted run; undefined if there was none, or it is not to be ended. */
  resumed: Resumed | undefined;
  /** Undefined if nothing was to be deleted. */
  outcome: Outcome | undefined;
  /** The file of a plan that has not ended. */
  planFile: string | undefined;
}

/** What `prune` shows. */
export interface PruneReport {
  history: History;
  /** The clusters that were asked, with the namespaces; undefined if none was named. */
  clusters: { name: string; namespaces: string[] }[] | undefined;
  unread: Unread[];
  repositories: Pruned[];
}

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

/** What to do where a registry does not delete, or where its tags are immutable: the command that can, or the setting. */
export function deletionAdvice({ host, name, repository }: Repository, digest: string): string {
  const image = `${repository}@${digest}`;
  if (/(^|[.-])(gcr\.io|pkg\.dev)$/.test(host)) {
    return (
      `gcloud artifacts docker images delete ${image} --delete-tags; where tags are immutable, first: ` +
      "gcloud artifacts repositories update REPOSITORY --location=LOCATION --no-immutable-tags"
    );
  }
  if (/\.dkr\.ecr\..*\.amazonaws\.com(\.cn)?$/.test(host)) {
    return `aws ecr batch-delete-image --repository-name ${name} --image-ids imageDigest=${digest}`;
  }
  if (host === "public.ecr.aws") {
    // The first part of the name is the registry's alias, and there is one region.
    const own = name.replace(/^[^/]*\//, "");
    return `aws ecr-public batch-delete-image --region us-east-1 --repository-name ${own} --image-ids imageDigest=${digest}`;
  }
  if (host.endsWith(".azurecr.io")) {
    return `az acr manifest delete --registry ${host.split(".")[0]} --name ${name}@${digest}`;
  }
  if (host === "ghcr.io") {
    const [owner, ...rest] = name.split("/");
    // People and organizations have different addresses, and nothing in the name tells which it is.
    const kind = `gh api /users/${owner} --jq 'if .type == "Organization" then "orgs" else "users" end'`;
    const id = `gh api --paginate "$versions" --jq '.[] | select(.name == "${digest}") | .id'`;
    return (
      `versions="/$(${kind})/${owner}/packages/container/${encodeURIComponent(rest.join("/"))}/versions"; ` +
      `gh api --method DELETE "$versions/$(${id})"`
    );
  }
  if (host === "docker.io" || host.endsWith(".docker.io")) {
    return "delete the tags on hub.docker.com; the registry itself can't";
  }
  return "enable deletion in it (distribution: REGISTRY_STORAGE_DELETE_ENABLED=true), or use its own command or page";
}
