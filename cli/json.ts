import type { Commit } from "../components/version";

/** A commit in JSON output. */
export interface CommitJson {
  hash: string;
  subject: string;
  author: string;
  /** RFC 3339, in UTC. */
  committedAt: string;
}

export function commitJson({ hash, subject, author, committedAt }: Commit): CommitJson {
  return { hash, subject, author, committedAt: committedAt.toISOString() };
}
