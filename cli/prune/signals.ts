import type { Io } from "../output";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Hears that the user, or whoever runs this, wants an end. */
export interface Signals {
  /** The words of why to stop; undefined while there is no reason. */
  stopped(): string | undefined;
  /** Leaves signals to do what they do by themselves. */
  ignore(): void;
}

/** Listens for Ctrl-C and SIGTERM. The first one lets what is under way end; the next one ends the program at once. */
export function hearSignals(io: Io): Signals {
  let heard: string | undefined;
  const hear = (signal: NodeJS.Signals) => {
    heard = `${signal} came`;
    ignore();
    io.err(`versioned-image: ${signal}: ending after the deletion that is under way (once more: at once)\n`);
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
