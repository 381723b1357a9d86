import type { Version } from "./version";

const UNITS: [name: string, seconds: number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** One line for people: `88d38d9 (commit 88d38d9 "Fix worker", 3 days ago)`. A version that is not HEAD's says so. */
export function describeVersion(version: Version, now: Date): string {
  const { tag, commit, subject, committedAt, revision } = version;
  const at = revision === undefined ? "" : `, as of revision ${revision.slice(0, 7)}`;
  return `${tag} (commit ${commit.slice(0, 7)} ${JSON.stringify(subject)}, ${age(committedAt, now)}${at})`;
}

/** How long ago something was, in its largest whole unit. */
export function age(then: Date, now: Date): string {
  const seconds = Math.floor((now.getTime() - then.getTime()) / 1000);
  for (const [name, length] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) {
      return `${count} ${name}${count === 1 ? "" : "s"} ago`;
    }
  }
  return "just now";
}

/** How long something took: `0.4 s`, `12 s` or `3 min 5 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.5) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
