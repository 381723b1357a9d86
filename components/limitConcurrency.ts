/**
 * Does something for each item, at most so many at once, and returns the results in order. After a failure nothing more is
 * begun, and it is thrown when what is under way has ended.
 */
export async function forEachFew<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  let failed = false;
  const worker = async () => {
    for (const [index, item] of waiting) {
      if (failed) {
        return;
      }
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  const failure = ended.find((end) => end.status === "rejected");
  if (failure) {
    throw failure.reason;
  }
  return results;
}
