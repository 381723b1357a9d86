import type { ImageConfig } from "../../components/registry";
import {
  type Commit,
  CREATED_LABEL,
  digitsOfTag,
  dirtyIn,
  isDebugTag,
  labelIn,
  OWN_LABELS,
  REVISION_LABEL,
  SOURCE_LABEL,
  TREE_LABEL,
  VERSION_LABEL,
} from "../../components/version";
import { shortTime } from "../output";
import { type BaseEvidence, baseChecks } from "./bases";
import { type Check, contradicted, lacking, proven, unproven, wholePaths } from "./check";
import type { Origin } from "./origin";
import type { Rebuilt } from "./rebuild";
import { type Attested, signatureChecks, vouchesForContent } from "./signatureChecks";

/** All checks of an image against git. */
export function imageChecks(evidence: Evidence): Check[] {
  const { attested, labels } = evidence;
  const signed = attested ? signatureChecks(attested, labels) : [];
  return [
    digestCheck(evidence),
    commitCheck(evidence),
    ...timeChecks(evidence),
    ...treeChecks(evidence),
    ...sourceChecks(evidence),
    ...baseChecks(evidence.based),
    ...tagChecks(evidence),
    ...signed,
    contentCheck(evidence, signed),
  ];
}

function digestCheck({ tag, statedDigest, servedDigest }: Evidence): Check {
  if (statedDigest !== undefined && statedDigest !== servedDigest) {
    return contradicted("digest", `the registry serves ${servedDigest} under ${tag}, not ${statedDigest}`);
  }
  return proven("digest", `the registry serves ${servedDigest}, and the image's manifest and configuration match it`);
}

function commitCheck({ labels, origin: { commit, shallow } }: Evidence): Check {
  const revision = labelIn(labels, REVISION_LABEL);
  if (revision === undefined) {
    return lacking("commit", `the image has no label ${REVISION_LABEL}, so its commit is unknown`);
  }
  if (commit) {
    return proven("commit", `its commit ${describe(commit)} is in this repository`);
  }
  const source = labelIn(labels, SOURCE_LABEL);
  return lacking(
    "commit",
    `its commit ${revision} is not in this repository: ` +
      (shallow
        ? "the clone is shallow, so run git fetch --unshallow"
        : `run git fetch, or run this in a clone of its own repository${source === undefined ? "" : ` (${source})`}`),
  );
}

function describe({ hash, subject, author, committedAt }: Commit): string {
  return `${hash} ("${subject}", by ${author}, ${shortTime(committedAt)})`;
}

function timeChecks({ labels, origin: { commit } }: Evidence): Check[] {
  const created = labelIn(labels, CREATED_LABEL);
  if (created === undefined || !commit || labelIn(labels, TREE_LABEL) === undefined) {
    // Other tools put the time of the build there.
    return [];
  }
  const said = new Date(created).getTime();
  return said === commit.committedAt.getTime()
    ? [proven("time", `its time ${created} is the commit's`)]
    : [contradicted("time", `its time is ${created}, but the commit's is ${commit.committedAt.toISOString()}`)];
}

function tagChecks({ tag, labels }: Evidence): Check[] {
  if (tag === undefined) {
    return [];
  }
  const digits = digitsOfTag(tag, labelIn(labels, VERSION_LABEL));
  if (digits === undefined) {
    return [unproven("tag", `${tag} is not a version tag, so it can move to another image at any time`)];
  }
  const what = [
    ["commit", REVISION_LABEL],
    ["tree", TREE_LABEL],
  ].find(([, label = ""]) => isShort(digits, labelIn(labels, label)))?.[0];
  if (what === undefined) {
    return labelIn(labels, REVISION_LABEL) === undefined && labelIn(labels, TREE_LABEL) === undefined
      ? [unproven("tag", `${tag} looks like a version, but the image has no label that confirms it`)]
      : [contradicted("tag", `${tag} is neither the commit nor the tree in the image's labels`)];
  }
  if (dirtyIn(labels) !== undefined && !isDebugTag(tag)) {
    return [contradicted("tag", `${tag} is a production tag, but the image is a debug image`)];
  }
  return [
    proven(
      "tag",
      digits === tag || isDebugTag(tag)
        ? `${tag} is the beginning of that ${what}`
        : `${tag} ends with the beginning of that ${what}`,
    ),
  ];
}

function contentCheck({ labels, attested, rebuilt }: Evidence, signed: Check[]): Check {
  const dirty = dirtyIn(labels);
  if (dirty) {
    return contradicted("content", "it is a debug image, built from a directory with uncommitted changes");
  }
  if (dirty !== undefined) {
    return lacking(
      "content",
      "it is a debug image, built from the directory as it was on disk: without uncommitted changes, but perhaps " +
        "with files that git ignores",
    );
  }
  if (rebuilt) {
    return rebuilt.same ? proven("content", rebuilt.found) : lacking("content", rebuilt.found);
  }
  if (attested && signed.every(({ result }) => result === "proven")) {
    if (!vouchesForContent(attested)) {
      return lacking(
        "content",
        `${attested.by} vouches only for labels, which can be copied: attest the output of versioned-image ` +
          "provenance --rebuild, or of --published where the image is published",
      );
    }
    return proven("content", `${attested.by} vouches that the files in the image are those of the commit`);
  }
  return unproven(
    "content",
    "that the files in the image are those of the commit: labels don't prove it, but a rebuild does (--rebuild)",
  );
}

/** An image, what it says of itself, and what git says of that. */
interface Evidence {
  /** Undefined if the image was named by its digest alone. */
  tag: string | undefined;
  /** The digest that it was named by, if it was. */
  statedDigest: string | undefined;
  /** What the registry has under the tag; under the digest if there is no tag. */
  servedDigest: string;
  labels: Record<string, string>;
  origin: Origin;
  /** What it says that it is built on. */
  based: BaseEvidence;
  /** What a signer says of it; undefined if no signature was asked for. */
  attested?: Attested;
  /** What came of building it again; undefined if that was not asked for. */
  rebuilt?: Rebuilt;
}

/** Whether digits are the beginning of a hash. */
function isShort(digits: string | undefined, hash: string | undefined): boolean {
  return digits !== undefined && hash?.startsWith(digits) === true;
}

/** Checks of the files that an image says it was built from. */
export function treeChecks(evidence: Evidence): Check[] {
  const tree = treeCheck(evidence);
  return [tree, ...historyChecks(evidence, tree)];
}

function treeCheck({ labels, origin: { commit, candidates, named } }: Evidence): Check {
  const tree = labelIn(labels, TREE_LABEL);
  if (tree === undefined) {
    return lacking("tree", `the image has no label ${TREE_LABEL}, so its files are unknown`);
  }
  if (!commit) {
    return lacking("tree", `its tree ${tree} can't be looked up without its commit`);
  }
  if (!named) {
    return candidates.length > 0
      ? proven(
          "tree",
          `its tree ${tree} is ${candidates.map(({ paths }) => wholePaths(paths)).join(" or ")} at that commit`,
        )
      : lacking(
          "tree",
          `its tree ${tree} is not a directory at that commit: if the image is made of several paths, ` +
            "name them with --context and --path",
        );
  }
  const [only] = candidates;
  const name = only ? wholePaths(only.paths) : "";
  if (only?.tree === undefined) {
    return contradicted("tree", `its tree is ${tree}, but that commit does not have ${name}`);
  }
  return only.tree === tree
    ? proven("tree", `its tree ${tree} is ${name} at that commit`)
    : contradicted("tree", `its tree is ${tree}, but ${name} at that commit is ${only.tree}`);
}

/** Whether the commit is the one that the image's version is named after. */
function historyChecks({ tag, labels, origin: { commit, candidates } }: Evidence, tree: Check): Check[] {
  if (
    !commit ||
    tree.result !== "proven" ||
    isShort(
      tag === undefined ? undefined : digitsOfTag(tag, labelIn(labels, VERSION_LABEL)),
      labelIn(labels, TREE_LABEL),
    )
  ) {
    // A version that is named after its tree can have been built from any commit that has it.
    return [];
  }
  const right = candidates.filter(({ touched }) => touched === commit.hash);
  const names = (right.length > 0 ? right : candidates).map(({ paths }) => wholePaths(paths)).join(" or ");
  if (right.some(({ atBoundary }) => !atBoundary)) {
    return [proven("history", `that commit touched ${names}`)];
  }
  if (candidates.some(({ atBoundary }) => atBoundary)) {
    return [
      unproven("history", `it is unknown whether that commit touched ${names}: the clone is shallow and ends there`),
    ];
  }
  const last = candidates.map(({ touched }) => touched ?? "none").join(" or ");
  return [contradicted("history", `that commit did not touch ${names}; the last earlier one that did is ${last}`)];
}

/** What is to be said of the labels that name what an image was made of; nothing where they are as they should be, or not there. */
function sourceChecks({ origin: { labelled, located, wrong } }: Evidence): Check[] {
  if (labelled === undefined) {
    return [];
  }
  if (labelled === "unread") {
    return [unproven("source", "the labels that name what it was made of are invalid and were ignored")];
  }
  if (!located) {
    return wrong === undefined ? [] : [contradicted("source", `its labels name what it was made of, but ${wrong}`)];
  }
  const [said, told] = [labelled, located].map(({ context, paths, dockerfile }) => {
    return `${wholePaths(paths)} (context ${context || "."}, Dockerfile ${dockerfile})`;
  });
  return said === told
    ? []
    : [
        unproven(
          "source",
          `its labels say that it was made of ${said}, but the options, which take precedence, say ${told}`,
        ),
      ];
}

/** Whether the images of an index say the same of their origin, and are all that it holds; nothing of a single image. */
export function platformChecks(first: ImageConfig, others: ImageConfig[], unread: string[]): Check[] {
  if (unread.length > 0) {
    return [lacking("platforms", `the index also has unknown entries, which may be run: ${unread.join(", ")}`)];
  }
  if (others.length === 0) {
    return [];
  }
  for (const other of others) {
    const label = OWN_LABELS.find((name) => labelIn(first.labels, name) !== labelIn(other.labels, name));
    if (label !== undefined) {
      const said = [first, other].map(
        ({ labels, platform }) => `${labelIn(labels, label) ?? "nothing"} for ${platform}`,
      );
      return [contradicted("platforms", `the images have different values of ${label}: ${said.join(", ")}`)];
    }
  }
  const names = [first, ...others].map(({ platform }) => platform);
  return [proven("platforms", `the images for ${names.join(", ")} have the same origin`)];
}
