import { type Io, printable, printableLines } from "../output";

/** Says how a call goes on, on standard error. */
export interface Narrator {
  /** What is being done to an image at the moment: a line, or in a terminal its part of the last line, which is written anew. */
  progress(context: string, what: string): void;
  say(context: string, what: string): void;
  warn(context: string, what: string): void;
  /** Nothing is done to it any more. */
  end(context: string): void;
}

/** So many images are named in a terminal's last line. */
const NAMED = 3;

export function createNarrator(io: Io, images: number): Narrator {
  const goingOn = new Map<string, string>();
  let ended = 0;
  const draw = () => {
    if (io.terminal) {
      const shown = [...goingOn].slice(0, NAMED).map(([context, what]) => `${context}: ${what}`);
      const more = goingOn.size > NAMED ? [`${goingOn.size - NAMED} more`] : [];
      const text = `${ended} of ${images} done; ${[...shown, ...more].join("; ")}`;
      io.err(goingOn.size === 0 ? CLEARED : `${CLEARED}${CUT}${text}${WRAPPED}`);
    }
  };
  const line = (text: string) => {
    io.err(`${io.terminal ? CLEARED : ""}${text}\n`);
    draw();
  };
  return {
    progress(context, what) {
      const text = printable(what);
      if (io.terminal) {
        goingOn.set(printable(context), text);
        draw();
      } else {
        line(`${printable(context)}: ${text}`);
      }
    },
    say: (context, what) => line(`${printable(context)}: ${printableLines(what)}`),
    warn: (context, what) => line(`versioned-image: warning: ${printable(context)}: ${printableLines(what)}`),
    end(context) {
      ended++;
      goingOn.delete(printable(context));
      draw();
    },
  };
}

/** Back to the line's beginning, and without what is on it. */
const CLEARED = "\r\u001b[K";

/** From here on a line that is longer than the terminal is cut, or goes on in the next one. */
const CUT = "\u001b[?7l";
const WRAPPED = "\u001b[?7h";
