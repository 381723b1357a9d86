/** A page of a list, as an API server gives it. */
export interface Page<T> {
  items: T[];
  metadata?: { _continue?: string };
}

/** How many objects a page has at most: a large cluster's list would not come within the limit of one request. */
export const PAGE = 500;

/** A whole list, page by page. Throws what asking throws; a list that changed too much meanwhile is such a failure. */
export async function wholeList<T>(
  ask: (page: { limit: number; _continue: string | undefined }) => Promise<Page<T>>,
): Promise<T[]> {
  const found: T[] = [];
  let next: string | undefined;
  do {
    const { items, metadata }: Page<T> = await ask({ limit: PAGE, _continue: next });
    for (const item of items) {
      found.push(item);
    }
    next = metadata?._continue || undefined;
  } while (next !== undefined);
  return found;
}
