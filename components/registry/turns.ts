/** How many requests a host is sent at once. */
export const AT_ONCE = 6;

interface Line {
  busy: number;
  waiting: (() => void)[];
}

const lines = new Map<string, Line>();

/** Does something when it is this host's turn: a program of many images asks of a registry only a few things at once. */
export async function inTurn<T>(host: string, work: () => Promise<T>): Promise<T> {
  const line = lines.get(host) ?? { busy: 0, waiting: [] };
  lines.set(host, line);
  if (line.busy < AT_ONCE) {
    line.busy++;
  } else {
    // Whoever ends hands its place on.
    await new Promise<void>((resolve) => line.waiting.push(resolve));
  }
  try {
    return await work();
  } finally {
    const next = line.waiting.shift();
    if (next) {
      next();
    } else if (--line.busy === 0) {
      lines.delete(host);
    }
  }
}
