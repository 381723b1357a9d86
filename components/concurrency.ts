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

/** How many files are worked on at once, and so may be open: systems allow a process a few hundred. */
export const OPEN_FILES = 8;

/** Lets work run, at most so much at once; what comes later waits for its turn. */
export function slots(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      free--;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) {
        next();
      } else {
        free++;
      }
    }
  };
}
