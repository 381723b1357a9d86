import type { Facts } from "../../components/version";
import { age, TagPolicy } from "../../components/version";
import { count, fields, type Io, paint, printable, printableLines, shortTime } from "../output";
import type { Explanation } from "./explanation";

/** The longest list of files that is shown. */
const LISTED = 10;

/** The explanation for people. */
export function explainText(explanation: Explanation, io: Io): string {
  const { facts, version } = explanation;
  const title = `${printable(facts.context || ".")} in ${printable(facts.root)}`;
  const sections = [
    paint(io, "bold", `${title}\n`),
    fields([
      ["Version", [version ? paint(io, "green", version.tag) : paint(io, "red", "none")]],
      ["Commit", commitLines(explanation, io)],
      ["Tree", [facts.tree ?? "none"]],
      ["Covers", coverLines(facts)],
      ["Dockerfile", [dockerfileLine(facts)]],
      ["Source", [facts.remote === undefined ? "no remote named origin" : printable(facts.remote)]],
    ]),
    fields([
      ["Uncommitted", list(facts.uncommitted.map(({ status, path }) => `${status} ${path}`))],
      ["Hidden", list(facts.hidden, "git was told to ignore changes in them")],
      ["Ignored", list(facts.ignored, ignoredMeaning(explanation))],
      ...someOf("Left out", facts.leftOut, leftOutMeaning(explanation)),
      ...someOf("Submodules", facts.uninitialized, "not checked out"),
    ]),
    fields([
      ["Registry", registryLines(explanation)],
      ["Update", updateLines(explanation, io)],
    ]),
  ];
  return sections.join("\n");
}

function commitLines({ facts, options }: Explanation, io: Io): string[] {
  const { commit, missing } = facts;
  if (!commit) {
    return [`none: ${missing.map((path) => printable(path || ".")).join(", ") || "this"} was never committed`];
  }
  const { hash, subject, author, committedAt } = commit;
  const named = options.tagPolicy === TagPolicy.Tree ? "the tag is named after the tree" : "the tag is named after it";
  return [
    hash,
    `"${printable(subject)}"`,
    `by ${printable(author)}, ${shortTime(committedAt)} (${age(committedAt, io.now())})`,
    `the last commit that touched what the image is made of; ${named}`,
    ...(facts.shallow ? ["the clone is shallow and ends here: the real one may be older"] : []),
  ];
}

/** What the image is built from, and what its bases cover. */
function coverLines({ files, bases }: Facts): string[] {
  return [
    ...files.map((path) => printable(path || ".")),
    ...Object.entries(bases).map(([name, { covers }]) => `${printable(name)}: ${shown(covers)}`),
  ];
}

function dockerfileLine({ dockerfile, dockerfileCommitted, dockerfileOnDisk }: Facts): string {
  const name = printable(dockerfile);
  if (dockerfileCommitted) {
    return dockerfileOnDisk ? name : `${name} (committed, but not on disk)`;
  }
  return `${name} ${dockerfileOnDisk ? "(not committed)" : "(does not exist)"}`;
}

function ignoredMeaning({ options }: Explanation): string {
  return options.debug ? "debug builds include them unless .dockerignore excludes them" : "never in a production image";
}

function leftOutMeaning({ options }: Explanation): string {
  return `not checked out (sparse checkout); a ${options.debug ? "debug image lacks" : "production image has"} them`;
}

function list(files: string[], meaning?: string): string[] {
  if (files.length === 0) {
    return ["none"];
  }
  const more = files.length - LISTED;
  return [
    `${count(files.length, "path")}${meaning ? `: ${meaning}` : ""}`,
    ...files.slice(0, LISTED).map((file) => `  ${printable(file)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function someOf(name: string, files: string[], meaning: string): [name: string, lines: string[]][] {
  return files.length > 0 ? [[name, list(files, meaning)]] : [];
}

function registryLines(explanation: Explanation): string[] {
  const { repository, version, held, update } = explanation;
  if (repository === undefined) {
    return ["not checked: name it with --repository"];
  }
  if (!version) {
    return ["not checked: there is no version"];
  }
  const spec = `${repository}:${version.tag}`;
  if (!held) {
    return update.action === "refuse"
      ? [`${spec}: no clear answer`]
      : [`${spec} does not exist`, ...newestLines(explanation)];
  }
  return [
    `${spec} exists`,
    held.digest,
    ...(held.build === undefined ? [] : [`built with ${printable(held.build)}`]),
    ...(held.warning === undefined ? [] : ["it does not say which commit it was built from"]),
  ];
}

function newestLines({ facts, repository, newest }: Explanation): string[] {
  if (newest === undefined) {
    return [];
  }
  if (typeof newest === "string") {
    return [`what the newest version was made of is unknown: ${printable(newest)}`];
  }
  const { tag, context, paths, options } = newest;
  const remedy = options.length > 0 ? `add ${options.join(" ")}` : "omit --path, --build-context and --base";
  return [
    `the newest version in ${repository}, ${tag}, was made of ${shown(paths)}`,
    `you asked for ${shown(facts.paths)}: ${printable(context === facts.context ? remedy : `its directory is ${context || "."}`)}`,
  ];
}

function shown(paths: string[]): string {
  return paths.map((path) => printable(path || ".")).join(", ");
}

function updateLines({ update, repository, held, version }: Explanation, io: Io): string[] {
  switch (update.action) {
    case "refuse": {
      const [first = "", ...rest] = printableLines(`${update.error.message} [${update.error.code}]`).split("\n");
      return [paint(io, "red", `would be refused: ${first}`), ...rest];
    }
    case "publish":
      return [`would build commit ${version?.commit.slice(0, 12)} and push it to ${repository}, which lacks it`];
    case "adopt":
      return [
        "would use the image in the registry, and build nothing",
        ...(held?.warning === undefined
          ? ["unless the program builds it differently, which would be refused (BuildInputsChanged)"]
          : [paint(io, "yellow", `with a warning: ${printable(held.warning)}`)]),
      ];
    case "debug":
      return [
        `would build the directory as it is on disk (${count(version?.uncommitted.length ?? 0, "uncommitted change")})`,
        "and push " +
          `it${repository === undefined ? "" : ` to ${repository}`}${held ? ", replacing the existing image" : ""}`,
      ];
    case "publish-or-adopt":
      return ["would build the commit and push it, unless the registry has it already"];
  }
}
