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

/** The query of the next page; that page is at the same address. */
function nextQuery({ headers, origin }: Answer): string | undefined {
  const link = /<([^<>]*)>\s*(?:;[^,;]*)*?;\s*rel="?next"?/i.exec(headers.get("link") ?? "")?.[1];
  return link === undefined || !URL.canParse(link, origin) ? undefined : new URL(link, origin).search || undefined;
}
