const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Hears that the user, or whoever runs this, wants an end. */
export interface Signals {
  /** The words of why to stop; undefined while there is no reason. */
  stopped(): string | undefined;
  /** Leaves signals to do what they do by themselves. */
  ignore(): void;
}

/**
 * Listens for Ctrl-C and SIGTERM. The first one lets what is under way end, which is said as `ending`; the next one ends the program at once.
 * `stop`: is called at the first one.
 */
export function hearSignals(say: (line: string) => void, ending: string, stop: () => void = () => {}): Signals {
  let heard: string | undefined;
  const hear = (signal: NodeJS.Signals) => {
    heard = `${signal} was received`;
    ignore();
    say(`versioned-image: ${signal}: ${ending} (a second signal stops it at once)`);
    stop();
  };
  const ignore = () => {
    for (const signal of SIGNALS) {
      process.removeListener(signal, hear);
    }
  };
  for (const signal of SIGNALS) {
    process.on(signal, hear);
  }
  return { stopped: () => heard, ignore };
}
