import type { Commit } from "./facts";
import { plain } from "./plain";

/** What lies between a version and the one that replaces it, newest first: commits that touch the image. */
export interface Changes {
  /** Those that the new version has and the old one does not. */
  added: Commit[];
  /** Those that the old version has and the new one does not. */
  removed: Commit[];
}

/** How many commits are listed. */
const LISTED = 10;

/**
 * What a reviewer of a preview asks first, in lines; undefined if no commit lies between. `before` is the tag of the version that is
 * replaced; `changes` is undefined if this clone does not have its commit.
 */
export function describeChanges(before: string, changes: Changes | undefined): string | undefined {
  if (!changes) {
    return `it replaces ${before}, whose commit this clone does not have`;
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
  const more = these.length - LISTED;
  const lines = these.slice(0, LISTED).map(({ hash, subject, author }) => {
    return `${hash.slice(0, 7)} ${shown(subject)} (${shown(author)})`;
  });
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].map((line) => `  ${line}`).join("\n");
}

/** So many characters of a subject or a name are shown. */
const SHOWN = 120;

function shown(text: string): string {
  return plain(text).slice(0, SHOWN);
}
