import { invalidArgument } from "../../components/errors";
import { readChanges } from "../../components/git";
import { type Changes, describeChanges, type Facts } from "../../components/version";
import { commitJson, printable, printableLines } from "../output";

/** The commits that touch an image and lie between a revision and its version. */
export interface Since {
  revision: string;
  changes: Changes;
}

/** Throws InvalidArgument where this clone has no such commit. */
export async function sinceRevision({ root, paths, commit }: Facts, revision: string): Promise<Since> {
  const changes = commit
    ? await readChanges({ root, paths, from: revision, to: commit.hash })
    : ({ added: [], removed: [] } satisfies Changes);
  if (!changes) {
    throw invalidArgument(
      `--since ${printable(revision)} is not a commit in this clone. Use a hash, tag or branch that it has (git ` +
        "fetch gets others).",
    );
  }
  return { revision, changes };
}

export function sinceText({ revision, changes }: Since): string {
  const said = describeChanges(revision, changes) ?? `no commit since ${revision} touches what the image is made of`;
  return `${printableLines(said)}\n`;
}

export function sinceJson({ revision, changes: { added, removed } }: Since) {
  return { revision, added: added.map(commitJson), removed: removed.map(commitJson) };
}
