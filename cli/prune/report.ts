import type { History } from "../../components/git/lookup";
import type { Unread } from "../cluster";
import type { Held } from "./held";
import type { Resumed } from "./holding";
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
