import { ABSENT } from "./fakeRegistry";
import { type Asked, type Behaviour, denial, type Kind, type Mood } from "./registryProxy";

/** Every request of a kind. */
export function always(kind: Kind, mood: Mood): Behaviour {
  return (asked) => (asked.kind === kind ? mood : undefined);
}

/** The next request of a kind which is no daemon's, and then no more. */
export function once(kind: Kind, mood: Mood): Behaviour {
  let struck = false;
  return (asked) => {
    if (struck || asked.kind !== kind || asked.byDaemon) {
      return undefined;
    }
    struck = true;
    return mood;
  };
}

/** Nothing is passed on, for the moment: the registry is busy. `retryAfter`: in seconds; default: it does not say. */
export function busy(status: 429 | 500 | 502 | 503 | 504, retryAfter?: number): Mood {
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return { instead: denial(status, "TOOMANYREQUESTS", "try again later", headers) };
}

/** Tags are told to be absent until something is pushed: somebody publishes them meanwhile. */
export function hiddenUntilPush(): Behaviour {
  let hidden = true;
  return ({ kind, method }) => {
    hidden &&= method === "GET" || method === "HEAD";
    return hidden && kind === "look" ? { instead: ABSENT } : undefined;
  };
}

/** The registry has lost a tag, until that is set again. */
export function lost(tag: string): Behaviour {
  let gone = true;
  return ({ kind, reference }) => {
    if (!gone || reference !== tag) {
      return undefined;
    }
    gone = kind !== "tag";
    return gone ? { instead: ABSENT } : { anew: true };
  };
}

/** A registry whose clean-up takes the next blob before its manifest is there. */
export function losesBlob(): Behaviour {
  return once("manifest", { instead: denial(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry") });
}

/**
 * A registry in any of its moods, drawn anew for each request: slow on the way there and back, busy, or a line that breaks, before the
 * registry has heard of it or after. Between a look and what follows it less than a second goes by, unless the look itself took so long
 * that nobody may rely on it. What daemons push is slow alone: some of them give up at once. There are only so many faults for one thing
 * that a patient asker gets through.
 */
export function anyMood(random: () => number): Behaviour {
  const faults = new Map<string, number>();
  return (asked) => {
    const delays = { before: random() * HALF, after: random() * HALF };
    if (asked.byDaemon || asked.kind === "ping") {
      return { after: delays.after / 4 };
    }
    const thing = `${asked.kind} ${asked.reference}`;
    const struck = faults.get(thing) ?? 0;
    if (struck >= FAULTS || random() < 0.5) {
      return quick(asked, delays);
    }
    faults.set(thing, struck + 1);
    const choices = asked.method === "PUT" ? [...READ_FAULTS, ...WRITE_FAULTS] : READ_FAULTS;
    const fault = choices[Math.floor(random() * choices.length)] as Mood;
    return { ...quick(asked, delays), ...fault };
  };
}

/** A look is asked at once and told late, so that it is old by then; what is set comes late and is told late. */
function quick({ kind }: Asked, { before, after }: { before: number; after: number }): Mood {
  return kind === "look" ? { after } : { before, after };
}

/** Less than half of the moment in which tags may be set, with what the machine itself takes, in milliseconds. */
const HALF = 400;
/** How many faults strike one thing. */
const FAULTS = 2;

const READ_FAULTS: Mood[] = [
  busy(503),
  busy(503, 1),
  busy(429),
  busy(429, 1),
  busy(502),
  { instead: "close" },
  // An absence that is too old to be acted on.
  { after: 600 },
];

const WRITE_FAULTS: Mood[] = [
  { instead: "close", applied: true },
  { ...busy(504), applied: true },
];
