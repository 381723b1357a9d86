import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import type { Answer } from "./http";
import { objectIn } from "./media";
import { isTag } from "./reference";

const MOST_PAGES = 1000;

/** All tags of a repository, page by page; none if there is no such repository. */
export async function listTags({ name, other }: Fetcher): Promise<string[]> {
  const found: string[] = [];
  let path: string | undefined = "tags/list?n=1000";
  for (let page = 1; path !== undefined; page++) {
    const answer: Answer = await other(path);
    if (page === 1 && answer.status === 404) {
      return [];
    }
    // One by one: a registry may give more at once than a call takes arguments.
    for (const tag of tagsIn(answer)) {
      found.push(tag);
    }
    path = nextPage(answer, name);
    if (page === MOST_PAGES && path !== undefined) {
      throw protocol(answer.origin, `its list of tags does not end (${MOST_PAGES} pages)`);
    }
  }
  return found;
}

function tagsIn(answer: Answer): string[] {
  const { tags } = answer.status === 404 ? {} : objectIn(answer);
  // A repository that has lost all its tags may say null.
  if (tags === null) {
    return [];
  }
  if (!Array.isArray(tags) || !tags.every(isTag)) {
    throw protocol(answer.origin, "it has no list of tags");
  }
  return tags;
}

/** The path of the next page, from a Link header; it must lie in the same repository of the same registry. */
function nextPage({ headers, origin }: Answer, name: string): string | undefined {
  const link = /<([^<>]*)>\s*(?:;[^,;]*)*?;\s*rel="?next"?/i.exec(headers.get("link") ?? "")?.[1];
  if (link === undefined) {
    return undefined;
  }
  const base = `${origin}/v2/${name}/tags/list`;
  const next = URL.canParse(link, base) ? new URL(link, base) : undefined;
  if (next?.host !== new URL(origin).host || next.pathname !== `/v2/${name}/tags/list`) {
    throw protocol(origin, `the next page of its tags is said to be ${link}`);
  }
  return `tags/list${next.search}`;
}
