import { shownPaths } from "../../components/version";
import { columns, count, type Io, paint, printable, shortTime } from "../output";
import type { ListedImage, TagsReport } from "./listing";

/** The list for people, an image a line. */
export function tagsText(report: TagsReport, io: Io): string {
  const { repository, images, dangling } = report;
  const name = paint(io, "bold", repository);
  if (images.length === 0 && dangling.length === 0) {
    return `${name}: no tags, or no such repository.\n`;
  }
  const number = images.reduce((sum, { tags }) => sum + tags.length, 0);
  const [header = "", ...rows] = columns([
    ["TAGS", "DIGEST", "TIME", "COMMIT"],
    ...images.map((image) => row(image, report)),
  ]);
  const table = [paint(io, "dim", header), ...rows.map((line, index) => painted(line, images[index], report, io))];
  const sections = [
    [`${name}: ${count(images.length, "image")}, ${count(number, "tag")}`],
    images.length > 0 ? table : [],
    notes(report).map((note) => paint(io, "dim", note)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function row(image: ListedImage, report: TagsReport): string[] {
  const { digest, tags, time } = image;
  return [
    tags.map(printable).join(", "),
    digest?.slice(0, "sha256:".length + 12) ?? "(none)",
    time ? shortTime(time) : "(no time)",
    [origin(image, report), mark(image)].filter((part) => part !== "").join("  "),
  ];
}

function origin({ revision, problem }: ListedImage, { commits, history }: TagsReport): string {
  if (problem) {
    return `(not read: ${problem.code})`;
  }
  if (revision === undefined) {
    return "(no commit label)";
  }
  const commit = commits.get(revision);
  const short = printable(revision.slice(0, 12));
  if (commit) {
    return `${short} ${printable(commit.subject)}`;
  }
  return history ? `${short} (not in this repository)` : short;
}

/** Content that a stack pushed, which gets its labels after that. */
function isScratch({ tags, scratchTags }: ListedImage): boolean {
  return scratchTags.length === tags.length;
}

function mark(image: ListedImage): string {
  const { debug, dirty } = image;
  if (!debug) {
    return isScratch(image) ? "[scratch]" : "";
  }
  return dirty === undefined
    ? "[debug]"
    : `[debug, ${dirty ? "with uncommitted changes" : "without uncommitted changes"}]`;
}

/** An image that is no version of this repository stands out. */
function painted(line: string, image: ListedImage | undefined, { commits, history }: TagsReport, io: Io): string {
  if (!image || (isScratch(image) && !image.debug)) {
    return line;
  }
  const isUnknown = image.revision === undefined || (history && !commits.has(image.revision));
  return image.debug || isUnknown ? paint(io, image.debug ? "yellow" : "red", line) : line;
}

function notes({ images, commits, history, dangling, notTags }: TagsReport): string[] {
  const notes = [
    history
      ? `Commits were looked up in ${printable(history.root)}.`
      : "No commits were looked up: this directory is not in a git repository (name one with --context).",
  ];
  if (history && history.shallow.size > 0 && images.some(({ revision }) => revision && !commits.has(revision))) {
    notes.push("That clone is shallow and lacks commits: run git fetch --unshallow");
  }
  if (images.some(({ scratchTags }) => scratchTags.length > 0)) {
    notes.push("Tags of the form scratch-STACK-HASH hold what a stack pushed last. They name no version.");
  }
  const made = new Set(images.flatMap(({ made }) => (made ? [shownPaths(made.paths)] : [])));
  if (made.size > 1) {
    notes.push(`Their labels name different paths: ${[...made].map(printable).join("; ")}.`);
  }
  if (dangling.length > 0) {
    notes.push(`The registry lists tags whose image no longer exists: ${dangling.map(printable).join(", ")}`);
  }
  if (notTags.length > 0) {
    notes.push(`The registry lists names that are not valid tags (left out): ${notTags.map(printable).join(", ")}`);
  }
  return notes;
}
