import { parseRepository } from "../../components/registry";
import { columns, count, type Io, paint, printable, printableLines, shortTime } from "../output";
import { type Resumed, stillThere } from "./holding";
import { type Plan, type Reason, shortDigest, type Verdict } from "./plan";
import type { Removed } from "./removal";
import { deletionAdvice, type Pruned, type PruneReport } from "./report";

/** What stays and what may go, for people, by the reasons: the newest and the oldest of each, or all. */
export function pruneText(report: PruneReport, io: Io, all: boolean): string {
  const sections = report.repositories.map((pruned) => repositoryText(pruned, io, all));
  return [...sections, `${notes(report).join("\n")}\n`].join("\n");
}

function repositoryText(pruned: Pruned, io: Io, all: boolean): string {
  const { plan, held, missing, resumed, outcome } = pruned;
  const name = paint(io, "bold", plan.repository);
  const going = plan.verdicts.filter(({ stays }) => stays.length === 0).length;
  const title = `${name}: ${count(plan.verdicts.length, "tag")}, ${going === 0 ? "none" : going} can be deleted`;
  if (plan.verdicts.length === 0 && held.dangling.length === 0 && !resumed) {
    return `${name}: no tags, or no such repository.\n`;
  }
  const parts = plan.removals.filter(({ tags }) => tags.length === 0).length;
  return [
    `${title}\n\n`,
    ...tagLines(plan.verdicts, io, all).map((line) => `${line}\n`),
    ...(resumed ? [resumedLine(plan, resumed)] : []),
    ...(parts > 0 && !outcome
      ? [`Together with ${count(parts, "manifest")} without a tag, which nothing else needs.\n`]
      : []),
    ...(held.dangling.length > 0
      ? [`The registry lists tags whose image no longer exists: ${few(held.dangling.map(printable), all)}\n`]
      : []),
    ...missing.map(({ words, digest }) =>
      paint(io, "red", `Not in the registry: ${shortDigest(digest)}, but ${printable(words)}\n`),
    ),
    ...outcomeLines(pruned, io).map((line) => `${line}\n`),
  ].join("");
}

function resumedLine(plan: Plan, resumed: Resumed): string {
  const { made, planned, gone } = resumed;
  const stay = stillThere(plan, resumed).length;
  const rest = stay > 0 ? `, and ${stay} must be kept now` : "";
  const deletions = count(planned.length, "manifest");
  return `An interrupted run of ${shortTime(made)} planned to delete ${deletions}: ${gone.length} are gone${rest}.\n`;
}

/** How many tags of a group, or names in a line, are shown whole. */
const FEW = 8;
const NEWEST = 3;
const OLDEST = 2;

function tagLines(verdicts: Verdict[], io: Io, all: boolean): string[] {
  const groups = groupTags(verdicts).map((group) => {
    const shown = all || group.verdicts.length <= FEW;
    return {
      ...group,
      newest: shown ? group.verdicts : group.verdicts.slice(0, NEWEST),
      oldest: shown ? [] : group.verdicts.slice(-OLDEST),
    };
  });
  const rows = groups.flatMap(({ newest, oldest }) => [...newest, ...oldest].map(row));
  if (verdicts.length === 0) {
    return [];
  }
  const [header = "", ...lines] = columns([["TAG", "DIGEST", "COMMITTED", "WHY"], ...rows]).map((line) => `  ${line}`);
  return [
    paint(io, "dim", header),
    ...groups.flatMap(({ title, goes, verdicts: { length }, newest, oldest }) => {
      const left = length - newest.length - oldest.length;
      return [
        `${title}: ${length}`,
        ...lines.splice(0, newest.length),
        ...(left > 0 ? [`  … and ${left} more (--verbose lists them)`] : []),
        ...lines.splice(0, oldest.length),
      ].map((line) => (goes ? paint(io, "yellow", line) : line));
    }),
  ];
}

function row({ tag, digest, commit, stays, goes }: Verdict): string[] {
  return [
    printable(tag),
    shortDigest(digest),
    commit ? shortTime(commit.committedAt) : "(not known)",
    printable(stays.length > 0 ? stays.map(({ words }) => words).join("; ") : goes),
  ];
}

function few(names: string[], all: boolean): string {
  return all || names.length <= FEW
    ? names.join(", ")
    : `${names.slice(0, FEW).join(", ")} … and ${names.length - FEW} more (--verbose lists them)`;
}

function outcomeLines({ plan, outcome, planFile }: Pruned, io: Io): string[] {
  if (!outcome) {
    return [];
  }
  const { removed, stopped, lost } = outcome;
  const deleted = removed.filter((each) => each.outcome === "deleted");
  const missing = removed.filter((each) => each.outcome === "missing");
  const kept = removed.filter((each) => each.outcome === "kept");
  const refused = removed.filter((each) => each.outcome === "refused");
  const left = removed.filter((each) => each.outcome === "left");
  const [first] = refused;
  return [
    `Deleted: ${count(deleted.length, "manifest")}.`,
    ...(missing.length > 0 ? [`Already gone: ${count(missing.length, "manifest")}.`] : []),
    ...firstThree("Kept", kept, "that are kept"),
    ...firstThree("Refused", refused, "that it refused").map((line, index) =>
      index < 3 ? paint(io, "red", line) : line,
    ),
    ...(first ? [`To delete it: ${deletionAdvice(parseRepository(plan.repository), first.digest)}`] : []),
    ...(left[0]
      ? [paint(io, "red", `Left: ${count(left.length, "manifest")}, because ${printableLines(left[0].words)}`)]
      : []),
    ...(planFile === undefined
      ? []
      : [`The rest is in ${printable(planFile)}. Run the same command with --resume to finish.`]),
    ...(lost === undefined
      ? [paint(io, "red", `Kept tags were not checked afterwards, because ${printableLines(stopped ?? "")}`)]
      : lost.length > 0
        ? [paint(io, "red", `LOST, although it should be kept: ${lost.map(printable).join(", ")}`)]
        : ["All kept tags were checked afterwards and exist."]),
  ];
}

function firstThree(title: string, removed: Removed[], what: string): string[] {
  const lines = removed.slice(0, 3).map(({ digest, words }) => `${title}: ${shortDigest(digest)}: ${printable(words)}`);
  return [...lines, ...(removed.length > 3 ? [`and ${removed.length - 3} more ${what}`] : [])];
}

function notes({ history, clusters, unread, repositories }: PruneReport): string[] {
  const unended = repositories.filter(
    ({ outcome, resumed, planFile }) => !outcome && !resumed && planFile !== undefined,
  );
  return [
    `Commits, branches and tags are from ${printable(history.root)}.`,
    clusters ? `Running images are from ${clustersText(clusters)}.` : "No cluster was checked.",
    ...unread.map(({ kind, why }) => `Not read: ${printable(kind)}. ${printable(why)}`),
    ...(unread.length > 0 ? ["Nothing can be deleted until this can be read, or is ignored with --ignore-kind."] : []),
    ...unended.map(
      ({ plan, planFile = "" }) =>
        `Another run on ${plan.repository} was interrupted, or is still running: --resume finishes the plan in ` +
        `${printable(planFile)}.`,
    ),
    ...(repositories.some(({ outcome }) => outcome) ? [] : ["Nothing was deleted. Add --delete to delete."]),
  ];
}

function clustersText(clusters: { name: string; namespaces: string[] }[]): string {
  const places = new Map<string, string[]>();
  for (const { name, namespaces } of clusters) {
    const where = namespaces.length > 0 ? `only in ${namespaces.map(printable).join(", ")}` : "in all namespaces";
    places.set(where, [...(places.get(where) ?? []), printable(name)]);
  }
  return [...places].map(([where, names]) => `${names.join(", ")}, ${where}`).join("; ");
}

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
  young: "they are recent",
  needed: "a kept image needs them",
  stack: "a stack needs them, or might",
  unknown: "they are unknown",
};

const GOING: Record<Verdict["kind"], string> = {
  version: "old versions",
  debug: "debug images",
  scratch: "scratch tags of deleted stacks",
  attestation: "signatures and attestations of these",
  unknown: "others",
};

/** The tags by what becomes of them: what stays first. One that stays for several reasons counts for the first of them. */
function groupTags(verdicts: Verdict[]): TagGroup[] {
  const sorted = [...verdicts].sort(newestFirst);
  return [
    ...Object.entries(STAYING).map(([rule, why]) => ({
      title: `Kept because ${why}`,
      goes: false,
      verdicts: sorted.filter(({ stays }) => stays[0]?.rule === rule),
    })),
    ...Object.entries(GOING).map(([kind, what]) => ({
      title: `Can be deleted, ${what}`,
      goes: true,
      verdicts: sorted.filter((verdict) => verdict.stays.length === 0 && verdict.kind === kind),
    })),
  ].filter((group) => group.verdicts.length > 0);
}

function newestFirst(one: Verdict, other: Verdict): number {
  const time = (other.commit?.committedAt.getTime() ?? 0) - (one.commit?.committedAt.getTime() ?? 0);
  return time || (one.tag < other.tag ? -1 : 1);
}
