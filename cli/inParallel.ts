import { forEachFew } from "../components/concurrency";

/** How many things are under way at once: requests, and what is made of their answers. */
const PARALLEL = 8;

/** Does something for each item, at most 8 at once, and returns the results in order. Throws the first failure. */
export function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return forEachFew(items, PARALLEL, work);
}
