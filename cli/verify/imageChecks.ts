import {
  type Commit,
  CREATED_LABEL,
  digitsOfTag,
  dirtyIn,
  isDebugTag,
  labelIn,
  REVISION_LABEL,
  SOURCE_LABEL,
  TREE_LABEL,
  VERSION_LABEL,
} from "../../components/version";
import { shortTime } from "../output";
import { baseChecks } from "./bases";
import { type Check, contradicted, lacking, proven, unproven } from "./check";
import { type Evidence, isShort } from "./evidence";
import { signatureChecks, vouchesForContent } from "./signatureChecks";
import { sourceChecks } from "./sourceChecks";
import { treeChecks } from "./treeChecks";

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
  return proven("digest", `the registry serves ${servedDigest}, and what the image says of itself belongs to it`);
}

function commitCheck({ labels, origin: { commit, shallow } }: Evidence): Check {
  const revision = labelIn(labels, REVISION_LABEL);
  if (revision === undefined) {
    return lacking("commit", `the image has no label ${REVISION_LABEL}: nothing says which commit it was built from`);
  }
  if (commit) {
    return proven("commit", `it says commit ${describe(commit)}, which is in this repository`);
  }
  const source = labelIn(labels, SOURCE_LABEL);
  return lacking(
    "commit",
    `it says commit ${revision}, which is not in this repository: ` +
      (shallow
        ? "the clone is shallow, so run git fetch --unshallow"
        : `run git fetch, or run this in a clone of the repository that it is from${source === undefined ? "" : ` (${source})`}`),
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
    ? [proven("time", `it says ${created}, which is the commit's time`)]
    : [contradicted("time", `it says ${created}, and the commit's time is ${commit.committedAt.toISOString()}`)];
}

function tagChecks({ tag, labels }: Evidence): Check[] {
  if (tag === undefined) {
    return [];
  }
  const digits = digitsOfTag(tag, labelIn(labels, VERSION_LABEL));
  if (digits === undefined) {
    return [unproven("tag", `${tag} names no version; such a tag can be moved to another image at any time`)];
  }
  const what = [
    ["commit", REVISION_LABEL],
    ["tree", TREE_LABEL],
  ].find(([, label = ""]) => isShort(digits, labelIn(labels, label)))?.[0];
  if (what === undefined) {
    return labelIn(labels, REVISION_LABEL) === undefined && labelIn(labels, TREE_LABEL) === undefined
      ? [unproven("tag", `${tag} looks like a version, and nothing in the image says whether it is its own`)]
      : [contradicted("tag", `${tag} is neither the commit nor the tree that the image says it was built from`)];
  }
  if (dirtyIn(labels) !== undefined && !isDebugTag(tag)) {
    return [contradicted("tag", `${tag} is a production tag, and the image is a debug image`)];
  }
  return [
    proven(
      "tag",
      digits === tag || isDebugTag(tag) ? `${tag} begins as that ${what} does` : `${tag} ends as that ${what} begins`,
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
      "it is a debug image, built from the directory as it was on disk: nothing was uncommitted, but files that git ignores " +
        "may be in it",
    );
  }
  if (rebuilt) {
    return rebuilt.same ? proven("content", rebuilt.found) : lacking("content", rebuilt.found);
  }
  if (attested && signed.every(({ result }) => result === "proven")) {
    if (!vouchesForContent(attested)) {
      return lacking(
        "content",
        `${attested.by} vouches for labels alone, and these can be copied: attest what versioned-image provenance prints with --rebuild, ` +
          "or where the image is published with --published",
      );
    }
    return proven("content", `${attested.by} vouches that the files in the image are those of the commit`);
  }
  return unproven(
    "content",
    "that the files in the image are those of the commit: labels are written by whoever builds, and only building the commit " +
      "again would show (--rebuild)",
  );
}
