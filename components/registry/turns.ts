import { slots } from "../concurrency";

/** How many requests a host is sent at once. */
export const AT_ONCE = 6;

const lines = new Map<string, ReturnType<typeof slots>>();

/** Does something when it is this host's turn: a program of many images asks of a registry only a few things at once. */
export function inTurn<T>(host: string, work: () => Promise<T>): Promise<T> {
  const line = lines.get(host) ?? slots(AT_ONCE);
  lines.set(host, line);
  return line(work);
}
