import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import { objectIn } from "./media";
import { isTag } from "./reference";
import type { Answer } from "./request";

const MOST_PAGES = 1000;
/** How long a list may take, in milliseconds. */
const LONGEST = 5 * 60_000;

/** What a registry lists for a repository. */
export interface TagList {
  tags: string[];
  /** Names in the list that can be no tags, as some registries have in it: left out of `tags`. */
  notTags: string[];
}

/** All tags of a repository, page by page; none if there is no such repository. */
export async function listTags({ name, other }: Fetcher): Promise<TagList> {
  const found: TagList = { tags: [], notTags: [] };
  const end = Date.now() + LONGEST;
  let path: string | undefined = "tags/list?n=1000";
  for (let page = 1; path !== undefined; page++) {
    const answer: Answer = await other(path);
    if (page === 1 && answer.status === 404) {
      return found;
    }
    // One by one: a registry may give more at once than a call takes arguments.
    for (const listed of namesIn(answer)) {
      (isTag(listed) ? found.tags : found.notTags).push(listed);
    }
    path = nextPage(answer, name);
    if (path !== undefined && (page === MOST_PAGES || Date.now() > end)) {
      const limit = page === MOST_PAGES ? `${MOST_PAGES} pages` : `${LONGEST / 60_000} minutes`;
      throw protocol(answer.origin, `its list of tags does not end (${limit})`);
    }
  }
  return found;
}

/** A repository that has lost its tags may have null or nothing for a list, and one that has lost a name null for it. */
function namesIn(answer: Answer): string[] {
  const { tags = [], errors } = answer.status === 404 ? { errors: [] } : objectIn(answer);
  if ((tags !== null && !Array.isArray(tags)) || errors !== undefined) {
    throw protocol(answer.origin, "it has no list of tags");
  }
  return (tags ?? []).filter((tag) => typeof tag === "string");
}

/**
 * The path of the next page, from a Link header. Only its query is taken, since registries behind another server name a path
 * that is theirs alone; another host is not asked.
 */
function nextPage({ headers, origin }: Answer, name: string): string | undefined {
  const link = /<([^<>]*)>\s*(?:;[^,;]*)*?;\s*rel="?next"?/i.exec(headers.get("link") ?? "")?.[1];
  if (link === undefined) {
    return undefined;
  }
  const base = `${origin}/v2/${name}/tags/list`;
  const next = URL.canParse(link, base) ? new URL(link, base) : undefined;
  if (next?.hostname !== new URL(origin).hostname || next.search === "") {
    throw protocol(origin, `its next page of tags has the invalid address ${link}`);
  }
  return `tags/list${next.search}`;
}
