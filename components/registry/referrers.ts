import { isDigest } from "./descriptor";
import { protocol } from "./failure";
import type { TransferFetcher } from "./fetcher";
import { fieldsOf } from "./json";
import { objectIn } from "./media";
import type { Answer } from "./request";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MOST_PAGES = 100;

/** What an index says of something that refers to a manifest; its other fields are kept as they are. */
export type Referrer = { digest: string } & Record<string, unknown>;

/** What a registry without the API for it answers. */
export const NO_REFERRERS = [400, 404, 405, 406];

/** What refers to a manifest; undefined if the registry has no API that tells it. Throws RegistryProtocol. */
export async function listReferrers({ referrers }: TransferFetcher, digest: string): Promise<Referrer[] | undefined> {
  const found: Referrer[] = [];
  let query: string | undefined = "";
  for (let page = 1; query !== undefined; page++) {
    const answer: Answer = await referrers(digest, query);
    const [type] = (answer.headers.get("content-type") ?? "").split(";");
    if (answer.status !== 200 || type?.trim() !== INDEX) {
      if (page > 1) {
        throw protocol(
          answer.origin,
          `status ${answer.status} and no index for page ${page} of the referrers of ${digest}`,
        );
      }
      return undefined;
    }
    found.push(...referrersIn(objectIn(answer)));
    query = nextQuery(answer);
    if (query !== undefined && page === MOST_PAGES) {
      throw protocol(answer.origin, `its list of referrers of ${digest} does not end (${MOST_PAGES} pages)`);
    }
  }
  return found;
}

/** The entries of an index that have a digest. */
export function referrersIn(index: Record<string, unknown>): Referrer[] {
  const entries = Array.isArray(index.manifests) ? index.manifests.map(fieldsOf) : [];
  return entries.filter((entry): entry is Referrer => isDigest(entry.digest));
}

/** The query of the next page; that page is at the same address. Throws RegistryProtocol where there is one that can't be asked for. */
function nextQuery({ headers, origin }: Answer): string | undefined {
  const link = /<([^<>]*)>\s*(?:;[^,;]*)*?;\s*rel="?next"?/i.exec(headers.get("link") ?? "")?.[1];
  if (link === undefined) {
    return undefined;
  }
  const next = URL.canParse(link, origin) ? new URL(link, origin) : undefined;
  if (!next?.search) {
    throw protocol(origin, `its next page of referrers has the invalid address ${link}`);
  }
  return next.search;
}
