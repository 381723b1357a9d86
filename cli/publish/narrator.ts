import { type Io, printable, printableLines } from "../output";

/** Says how a call goes on, on standard error. */
export interface Narrator {
  /** What is being done to an image at the moment: a line, or in a terminal its part of the last line, which is written anew. */
  progress(image: string, what: string): void;
  say(image: string, what: string): void;
  warn(image: string, what: string): void;
  /** Says something of the whole call. */
  interject(text: string): void;
  /** Nothing is done to it any more. */
  end(image: string): void;
}

/** So many images are named in a terminal's last line. */
const NAMED = 3;

export function createNarrator(io: Io, images: number): Narrator {
  const goingOn = new Map<string, string>();
  let ended = 0;
  const draw = () => {
    if (io.terminal) {
      const shown = [...goingOn].slice(0, NAMED).map(([image, what]) => `${image}: ${what}`);
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
    progress(image, what) {
      const text = printable(what);
      if (io.terminal) {
        goingOn.set(printable(image), text);
        draw();
      } else {
        line(`${printable(image)}: ${text}`);
      }
    },
    say: (image, what) => line(`${printable(image)}: ${printableLines(what)}`),
    warn: (image, what) => line(`versioned-image: warning: ${printable(image)}: ${printableLines(what)}`),
    interject: line,
    end(image) {
      ended++;
      goingOn.delete(printable(image));
      draw();
    },
  };
}

/** Back to the line's beginning, and without what is on it. */
const CLEARED = "\r\u001b[K";

/** From here on a line that is longer than the terminal is cut, or goes on in the next one. */
const CUT = "\u001b[?7l";
const WRAPPED = "\u001b[?7h";
