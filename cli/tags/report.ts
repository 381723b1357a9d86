import type { History } from "../../components/git/lookup";
import type { Commit } from "../../components/version";
import type { Listing } from "./listing";

/** What `tags` shows. */
export interface TagsReport extends Listing {
  repository: string;
  /** The git repository that commits were looked up in; undefined if there is none here. */
  history: History | undefined;
  /** The commits that it has. */
  commits: Map<string, Commit>;
}
