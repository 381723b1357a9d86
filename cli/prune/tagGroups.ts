import type { Reason, Verdict } from "./plan";

/** Tags that stay, or may go, for one reason. */
export interface TagGroup {
  title: string;
  /** Whether they may go. */
  goes: boolean;
  /** The newest first. */
  verdicts: Verdict[];
}

const STAYING: Record<Reason["rule"], string> = {
  cluster: "a cluster uses them",
  ref: "HEAD, a branch or a git tag has their files",
  last: "they are among the last versions",
  young: "they are young",
  needed: "something that stays needs them",
  stack: "a stack needs them, or may",
  unknown: "they are not understood",
};

const GOING: Record<Verdict["kind"], string> = {
  version: "old versions",
  debug: "debug images",
  scratch: "scratch tags of stacks that are gone",
  attestation: "signatures and attestations of what goes",
  unknown: "others",
};

/** The tags by what becomes of them: what stays first. One that stays for several reasons counts for the first of them. */
export function groupTags(verdicts: Verdict[]): TagGroup[] {
  const sorted = [...verdicts].sort(newestFirst);
  return [
    ...Object.entries(STAYING).map(([rule, why]) => ({
      title: `Stay, since ${why}`,
      goes: false,
      verdicts: sorted.filter(({ stays }) => stays[0]?.rule === rule),
    })),
    ...Object.entries(GOING).map(([kind, what]) => ({
      title: `May go, ${what}`,
      goes: true,
      verdicts: sorted.filter((verdict) => verdict.stays.length === 0 && verdict.kind === kind),
    })),
  ].filter((group) => group.verdicts.length > 0);
}

function newestFirst(one: Verdict, other: Verdict): number {
  const time = (other.commit?.committedAt.getTime() ?? 0) - (one.commit?.committedAt.getTime() ?? 0);
  return time || (one.tag < other.tag ? -1 : 1);
}
