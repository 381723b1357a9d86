/** A check of the soak that failed. */
export class SoakFailure extends Error {}

/** Throws SoakFailure with the words unless the condition holds. */
export function must(condition: unknown, words: () => string): asserts condition {
  if (!condition) {
    throw new SoakFailure(words());
  }
}
