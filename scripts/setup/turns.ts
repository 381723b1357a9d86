/** Where one of several writers at a time is heard. */
export interface Turn {
  write(chunk: string | Buffer): void;
  /** Lets the next one speak. */
  end(): void;
}

/**
 * Lets processes that run at the same time print one after the other: what comes from others than the first is kept until it
 * is their turn, and then passed on as it comes.
 */
export function turns(print: (chunk: string | Buffer) => void): () => Turn {
  const queue: { kept: (string | Buffer)[]; ended: boolean }[] = [];
  const goOn = () => {
    for (let first = queue[0]; first; first = queue[0]) {
      for (const chunk of first.kept.splice(0)) {
        print(chunk);
      }
      if (!first.ended) {
        return;
      }
      queue.shift();
    }
  };
  return () => {
    const own = { kept: [] as (string | Buffer)[], ended: false };
    queue.push(own);
    return {
      write: (chunk) => {
        own.kept.push(chunk);
        goOn();
      },
      end: () => {
        own.ended = true;
        goOn();
      },
    };
  };
}
