/** A line of the table. */
export interface Row {
  name: string;
  ratio: number;
  target: string;
  met: boolean;
}

export function atMost(target: number, name: string, ours: number, theirs: number): Row {
  const ratio = ours / theirs;
  return { name, ratio, target: `<= ${target}`, met: ratio <= target };
}

export function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Medians of ways to do a thing, run in turn, in milliseconds; before each round `prepare` is called, unmeasured. */
export async function interleaved(
  rounds: number,
  ways: (() => Promise<unknown>)[],
  prepare: (round: number) => unknown = () => {},
): Promise<number[]> {
  const times: number[][] = ways.map(() => []);
  for (let round = 0; round < rounds; round++) {
    await prepare(round);
    for (const [index, way] of ways.entries()) {
      const start = performance.now();
      await way();
      times[index]?.push(performance.now() - start);
    }
  }
  return times.map(median);
}
