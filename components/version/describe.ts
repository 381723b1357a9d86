import type { Commit, Version } from "./version";

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

/** Subjects, names and labels are others' words: what could write over the terminal is left out. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}

/** The same of what may be long: so much of it is shown. */
export function shown(text: string, most = 200): string {
  const words = plain(text);
  return words.length > most ? `${words.slice(0, most)}…` : words;
}

/** Lines below a message: the first ten, and how many more there are. */
export function listed(lines: string[]): string {
  const more = lines.length - LISTED;
  return [...lines.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])].map((line) => `  ${line}`).join("\n");
}

const LISTED = 10;

/** What becomes of an image in an update. */
export enum Fate {
  Published = "published",
  Copied = "copied",
  Adopted = "adopted",
  Unchanged = "unchanged",
  LeftOut = "left out",
  /** A preview can't know yet. */
  Undecided = "not known yet",
}

const IN_PREVIEW: Partial<Record<Fate, string>> = {
  [Fate.Published]: "to publish",
  [Fate.Copied]: "to copy",
  [Fate.Adopted]: "to adopt",
};

/** So many images are named. */
const NAMED = 10;

/** One line on all images of a program: `200 images: 2 to publish (api, web), 198 unchanged`. */
export function summarize(declared: number, fates: [name: string, fate: Fate][], isPreview: boolean): string {
  const parts = Object.values(Fate).flatMap((fate) => {
    const names = fates.filter(([, found]) => found === fate).map(([name]) => name);
    return names.length === 0 ? [] : [part(names, (isPreview && IN_PREVIEW[fate]) || fate, fate !== Fate.Unchanged)];
  });
  const failed = declared - fates.length;
  return `${declared} images: ${[...parts, ...(failed > 0 ? [`${failed} failed`] : [])].join(", ")}`;
}

function part(names: string[], what: string, isNamed: boolean): string {
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  return `${names.length} ${what}${isNamed ? ` (${names.sort().slice(0, NAMED).join(", ")}${more})` : ""}`;
}

/** What lies between a version and the one that replaces it, newest first: commits that touch the image. */
export interface Changes {
  /** Those that the new version has and the old one does not. */
  added: Commit[];
  /** Those that the old version has and the new one does not. */
  removed: Commit[];
}

/**
 * What a reviewer of a preview asks first, in lines; undefined if no commit lies between. `before` is the tag of the version that is
 * replaced; `changes` is undefined if this clone does not have its commit.
 */
export function describeChanges(before: string, changes: Changes | undefined): string | undefined {
  if (!changes) {
    return `it replaces ${before}, whose commit is not in this clone`;
  }
  const { added, removed } = changes;
  const parts = [
    ...(added.length > 0 ? [`${commits(added)} since ${before}:\n${list(added)}`] : []),
    ...(removed.length > 0
      ? [
          `${added.length > 0 ? "without" : `a step back from ${before}, without`} ${commits(removed)} of ${
            added.length > 0 ? before : "it"
          }:\n${list(removed)}`,
        ]
      : []),
  ];
  return parts.length > 0 ? parts.join("\n") : undefined;
}

function commits(these: Commit[]): string {
  return these.length === 1 ? "1 commit" : `${these.length} commits`;
}

function list(these: Commit[]): string {
  return listed(
    these.map(({ hash, subject, author }) => `${hash.slice(0, 7)} ${shown(subject, 120)} (${shown(author, 120)})`),
  );
}
