/** Says what is done and why, so that nobody waits without knowing for what. */
export function say(message: string): void {
  console.log(`• ${message}`);
}

/** Something that is missing and that only the user can bring: one sentence that says what to install. */
export class MissingError extends Error {}

/** Runs a long step, and says every quarter of a minute that it still goes on. */
export async function during<T>(what: string, work: Promise<T>): Promise<T> {
  const start = Date.now();
  say(`${what} …`);
  const timer = setInterval(() => say(`${what}: ${Math.round((Date.now() - start) / 1000)} s so far …`), 15_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
