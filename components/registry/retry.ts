/** How often a request is tried. */
export const TRIES = 3;
/** The longest pause that a registry may ask for between tries, in seconds. */
const LONGEST_PAUSE = 10;

/**
 * How many seconds to wait before the next try: what the registry's Retry-After asks for, else half a second, then one.
 * Undefined if it asks for more than 10 seconds, since to try sooner would only be refused again.
 */
export function pauseBefore(nextTry: number, retryAfter: string | null, now: Date): number | undefined {
  const asked = retryAfter === null ? undefined : secondsIn(retryAfter.trim(), now);
  if (asked === undefined) {
    return 0.25 * 2 ** (nextTry - 1);
  }
  return asked > LONGEST_PAUSE ? undefined : asked;
}

/** How long the registry's Retry-After asks to wait, in milliseconds: 10 seconds at most. */
export function retryAfterMs(retryAfter: string | undefined, now: Date): number | undefined {
  const asked = retryAfter === undefined ? undefined : secondsIn(retryAfter.trim(), now);
  return asked === undefined ? undefined : Math.min(asked, LONGEST_PAUSE) * 1000;
}

/** A Retry-After header is a number of seconds or a date (RFC 9110). */
function secondsIn(header: string, now: Date): number | undefined {
  if (/^\d+$/.test(header)) {
    return Number(header);
  }
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now.getTime()) / 1000);
}
