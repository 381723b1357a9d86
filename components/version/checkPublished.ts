import { VersionedImageError } from "../errors";
import { shownPaths } from "./covers";
import { shown } from "./describe";
import {
  BASE_LABELS,
  BUILD_LABEL,
  dirtyIn,
  FILE_LABELS,
  imageLabels,
  labelIn,
  labelledSource,
  OWN_LABELS,
  type OwnLabel,
  REVISION_LABEL,
  TREE_LABEL,
  VERSION_LABEL,
} from "./labels";
import { TagPolicy } from "./tagPolicy";
import { digitsOfTag, isDebugTag } from "./tags";
import type { Version } from "./version";

/** What the registry holds under a production tag. */
export interface PublishedImage {
  digest: string;
  labels: Record<string, string>;
  /** os/arch or os/arch/variant; empty if the image does not say. */
  platform: string;
}

/** What a production version is, where it goes and how it is built: all that an image under its tag must agree with. */
export interface Expectation {
  version: Version;
  tagPolicy: TagPolicy;
  /** repository:tag */
  spec: string;
  platform: string;
  /** What the build label must say; undefined while a preview can't know it. */
  fingerprint: string | undefined;
  /** The build arguments that are known, for messages. Default: none. */
  args?: Record<string, string>;
}

/**
 * Whether the image that a registry holds under the tag may be used as this version. Returns a warning where it may but
 * can't be traced. Throws TagTaken if it was made of something else, BuildInputsChanged if it was built in another way and is not the version
 * of an earlier revision.
 */
export function checkPublished(published: PublishedImage, expected: Expectation): string | undefined {
  const { version, spec } = expected;
  const { labels } = published;
  const tree = labelIn(labels, TREE_LABEL);
  // Without ours beside it, OCI's label may be the base image's own.
  const revision = tree === undefined ? undefined : labelIn(labels, REVISION_LABEL);
  const built = labelIn(labels, BUILD_LABEL);
  if (built === undefined && !mayRunOn(published.platform, expected.platform)) {
    throw taken(spec, `is an image for ${published.platform}, not for ${expected.platform}`);
  }
  if (tree === undefined) {
    return (
      `${spec} is in the registry already (${published.digest}) and will be used, but it has no ${TREE_LABEL} label, ` +
      "so nothing proves which commit it was built from."
    );
  }
  const differing = differingLabels(labels, expected);
  if (dirtyIn(labels) !== undefined) {
    throw taken(spec, "is a debug image, built from files that may not be committed", differing);
  }
  if (expected.tagPolicy === TagPolicy.Commit && revision !== undefined && revision !== version.commit) {
    throw taken(spec, `was built from commit ${shown(revision)}, not from commit ${version.commit}`, differing);
  }
  const covered = labelledSource(labels)?.paths;
  if (tree !== version.tree && coversOthers(covered, version)) {
    const made = covered ? `built from ${shown(shownPaths(covered))}` : "built from unknown paths";
    throw new VersionedImageError(
      "TagTaken",
      `${spec} is in the registry already, ${made}; this version covers ${shownPaths(version.paths)}.` +
        `${differing}It is never overwritten. Commit a change in ${version.context || "the repository"} to get a new version.`,
    );
  }
  if (tree !== version.tree) {
    throw taken(spec, `was built from other files (tree ${shown(tree)}, not tree ${version.tree})`, differing);
  }
  const otherwise = builtOtherwise(labels, expected);
  if (otherwise !== undefined && version.revision === undefined) {
    throw new VersionedImageError(
      "BuildInputsChanged",
      `${spec} is published already, ${otherwise}.${differing}` +
        "A production tag is never overwritten. Commit a change in the image's directory together with it, " +
        `set debug (--debug) to try it out, or publish to another repository.${basesAdvice(expected)}`,
    );
  }
  return undefined;
}

/**
 * In words, that an image was built in another way than the program says; undefined if it was not, or if one of the two is not known. A
 * program that goes back to an earlier version need not say how that was built.
 */
export function builtOtherwise(labels: Record<string, string>, { fingerprint }: Expectation): string | undefined {
  const built = labelIn(labels, BUILD_LABEL);
  return built === undefined || fingerprint === undefined || built === fingerprint
    ? undefined
    : `built with ${shown(built)}; this build has ${fingerprint}`;
}

/** A registry's host as Docker tells one from the first part of a name, and what it is asked for. */
const REFERENCE = /^(?:[\w-]+(?:\.[\w-]+)+(?::\d+)?|[\w-]+:\d+|localhost)\/[a-z0-9]\S*$/;

/** What to do about build arguments that make another build for each registry; the label does not say which of them differ. */
function basesAdvice({ args = {} }: Expectation): string {
  const [named] = Object.entries(args).filter(([, value]) => REFERENCE.test(value));
  return named
    ? ` build.args.${named[0]} is ${shown(named[1])}, which differs between registries. If it is an image of this repository, ` +
        `pass it as build.bases.${named[0]}, which is the same build for each registry.`
    : "";
}

/** The labels that an image and this program disagree about, between two sentences; what is not known yet is left out. */
export function differingLabels(labels: Record<string, string>, { version, fingerprint }: Expectation): string {
  const wanted = imageLabels(version, fingerprint);
  const lines = OWN_LABELS.flatMap((name) => {
    const [has, wants] = [labelIn(labels, name), labelIn(wanted, name)];
    return has === wants || (name === BUILD_LABEL && fingerprint === undefined) || isNoMatter(name, has)
      ? []
      : [`\n  ${name}: the image has ${quoted(has)}, this build ${quoted(wants)}`];
  });
  return lines.length > 0 ? ` Different labels:${lines.join("")}\n` : " ";
}

/** Whether an image was made of other paths; those of older releases do not say it, and were built on no base that they cover. */
function coversOthers(covered: string[] | undefined, { paths, bases }: Version): boolean {
  return covered ? shownPaths(covered) !== shownPaths(paths) : Object.keys(bases).length > 0;
}

/** In which registry a base is may differ, and images of older releases do not say which files they were made of. */
function isNoMatter(name: OwnLabel, has: string | undefined): boolean {
  return isIn(BASE_LABELS, name) || (has === undefined && isIn(FILE_LABELS, name));
}

function isIn(labels: readonly string[], name: string): boolean {
  return labels.includes(name);
}

function quoted(value: string | undefined): string {
  return value === undefined ? "none" : `"${shown(value)}"`;
}

/** Images often leave out the variant of a platform. */
export function mayRunOn(found: string, wanted: string): boolean {
  return found === "" || found === wanted || found.startsWith(`${wanted}/`) || wanted.startsWith(`${found}/`);
}

function taken(spec: string, why: string, differing = " "): VersionedImageError {
  return new VersionedImageError(
    "TagTaken",
    `${spec} is in the registry already, but it ${why}.${differing}It is never overwritten. ` +
      "Set a larger tagLength (short hashes can collide), or publish to a repository that only this image uses.",
  );
}

/**
 * The tag of the version that an image says it is, by the labels of each of its platforms. `what` is how it was named, and `tag` the tag that
 * was named, which may be one that is moved. Throws NotCopyable unless all say that they are one version, and no debug image.
 */
export function labelledVersion(what: string, platforms: Record<string, string>[], tag: string | undefined): string {
  const said = new Set(platforms.map((labels) => JSON.stringify(IDENTITY.map((name) => labelIn(labels, name)))));
  const [labels = {}] = platforms;
  const [revision, tree, version] = IDENTITY.map((name) => labelIn(labels, name));
  if (revision === undefined || tree === undefined || version === undefined) {
    throw refused(what, "its labels do not say which version it is");
  }
  if (said.size > 1) {
    throw refused(what, "its platforms have labels of different versions");
  }
  if (platforms.some((each) => dirtyIn(each) !== undefined) || isDebugTag(version)) {
    throw refused(what, "it is a debug image, built from files that may not be committed");
  }
  const digits = digitsOfTag(version, version);
  if (digits === undefined || ![revision, tree].some((hash) => hash.startsWith(digits))) {
    throw refused(
      what,
      `its labels are inconsistent: version ${shown(version, 60)} matches neither commit ${shown(revision, 60)} nor tree ${shown(tree, 60)}`,
    );
  }
  if (tag !== undefined && tag !== version && digitsOfTag(tag) !== undefined) {
    throw refused(what, `its labels say that it is ${shown(version, 60)}`);
  }
  return version;
}

const IDENTITY = [REVISION_LABEL, TREE_LABEL, VERSION_LABEL];

function refused(what: string, why: string): VersionedImageError {
  return new VersionedImageError(
    "NotCopyable",
    `${what} can't be copied: ${why}. Copy an image that was published from a commit. For details, run \`versioned-image verify ${what}\`.`,
  );
}
