/** That a host gave no answer, after so many tries. */
export class Silence {
  constructor(
    readonly failure: Error,
    readonly tries: number,
  ) {}
}

/** Hosts that answered when they were last asked. */
const answering = new Set<string>();
/** For each host of which that is not known, what becomes of the one request that finds it out. */
const askedFirst = new Map<string, Promise<Silence | undefined>>();

/**
 * Asks a host of which it is not known whether it answers with one request first, for all images of a program: the others wait until that
 * has heard something, and if it has not, they share its silence instead of waiting for their own. Nothing of this is kept: whoever
 * comes after that asks anew.
 */
export async function firstAsked<T>(
  host: string,
  ask: (heard: () => void) => Promise<T | Silence>,
): Promise<T | Silence> {
  while (!answering.has(host)) {
    const first = askedFirst.get(host);
    if (first === undefined) {
      return askForAll(host, ask);
    }
    const silence = await first;
    if (silence) {
      return silence;
    }
  }
  const told = await ask(() => {});
  if (told instanceof Silence) {
    answering.delete(host);
  }
  return told;
}

async function askForAll<T>(host: string, ask: (heard: () => void) => Promise<T | Silence>): Promise<T | Silence> {
  let tell: (silence: Silence | undefined) => void = () => {};
  const told = new Promise<Silence | undefined>((resolve) => {
    tell = resolve;
  });
  askedFirst.set(host, told);
  const end = (silence?: Silence) => {
    if (askedFirst.get(host) === told) {
      askedFirst.delete(host);
    }
    tell(silence);
  };
  let answer: T | Silence | undefined;
  try {
    answer = await ask(() => {
      answering.add(host);
      end();
    });
    return answer;
  } finally {
    end(answer instanceof Silence ? answer : undefined);
  }
}
