import { invalidArgument, VersionedImageError } from "../errors";
import { shownPaths } from "./covers";
import { listed } from "./describe";
import { TagPolicy } from "./tagPolicy";
import { debugTag } from "./tags";
import type { Change, Facts, Version } from "./version";

/** How a version is wanted. */
export interface VersionOptions {
  debug: boolean;
  tagPolicy: TagPolicy;
  /** Digits of the hash in the tag, 7 to 40. */
  tagLength: number;
  /** What stands before the digits. Default: nothing. */
  tagPrefix?: string;
}

/**
 * The version that follows from what git says. Throws InvalidArgument, NeverCommitted, ShallowHistory, UncommittedChanges,
 * HiddenChanges, SubmoduleNotInitialized or DockerfileNotFound where there is none.
 */
export function decideVersion(facts: Facts, options: VersionOptions): Version {
  const { debug, tagPolicy, tagLength, tagPrefix = "" } = options;
  refusePrefix(tagPrefix);
  if (!Number.isInteger(tagLength) || tagLength < 7 || tagLength > 40) {
    throw invalidArgument(`tagLength is ${tagLength}. Use a whole number from 7 to 40.`);
  }
  const { commit, tree, revision } = facts;
  if (revision !== undefined) {
    refuseLacking(facts, revision, debug);
  }
  refuseForeignBase(facts);
  if (facts.missing.includes(facts.dockerfile) && !facts.dockerfileOnDisk) {
    throw dockerfileNotFound(facts, debug);
  }
  if (!commit || !tree) {
    throw neverCommitted(facts);
  }
  if (!debug) {
    refuseUncommitted(facts);
  }
  if (!(debug ? facts.dockerfileOnDisk : facts.dockerfileCommitted)) {
    throw dockerfileNotFound(facts, debug);
  }
  if (facts.shallow && tagPolicy === TagPolicy.Commit) {
    throw new VersionedImageError(
      "ShallowHistory",
      `The history of ${place(facts)} ends at commit ${commit.hash.slice(0, tagLength)} because the clone is shallow, so the ` +
        "commit that last touched it may be an older one. Fetch the full history with `git fetch --unshallow` (in a CI checkout: " +
        "`fetch-depth: 0`), or set tagPolicy to Tree, which needs no history.",
    );
  }
  const digits = tagPrefix + (tagPolicy === TagPolicy.Tree ? tree : commit.hash).slice(0, tagLength);
  return {
    tag: debug ? debugTag(digits) : digits,
    debug,
    commit: commit.hash,
    tree,
    subject: commit.subject,
    author: commit.author,
    committedAt: commit.committedAt,
    uncommitted: facts.uncommitted,
    leftOut: facts.leftOut,
    ignored: facts.ignored,
    root: facts.root,
    context: facts.context,
    paths: facts.paths,
    files: facts.files,
    dockerfile: facts.dockerfile,
    contexts: facts.contexts,
    bases: facts.bases,
    remote: facts.remote,
    revision: facts.revision,
  };
}

/** The longest that a tag has room for, with 40 digits and the end of a debug tag. */
const LONGEST_PREFIX = 82;

function refusePrefix(prefix: string): void {
  const why =
    prefix !== "" && !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(prefix)
      ? "a tag starts with a letter, digit or _, followed by these, . and -"
      : /[0-9a-f]$/.test(prefix)
        ? "the start of the hash would be ambiguous; end it with a character that is not a hexadecimal digit, such as -"
        : prefix.startsWith("scratch-")
          ? "this prefix is reserved for scratch tags"
          : prefix.length > LONGEST_PREFIX
            ? `it can have at most ${LONGEST_PREFIX} characters`
            : undefined;
  if (why !== undefined) {
    throw invalidArgument(`tagPrefix is ${JSON.stringify(prefix)}: ${why}.`);
  }
}

function refuseUncommitted(facts: Facts): void {
  const { uncommitted, hidden, uninitialized } = facts;
  if (uninitialized.length > 0) {
    throw new VersionedImageError(
      "SubmoduleNotInitialized",
      `${place(facts)} has submodules that are not checked out, so their files would be missing from the image:\n` +
        `${listed(uninitialized)}\nRun \`git submodule update --init --recursive\`.`,
    );
  }
  if (uncommitted.length > 0) {
    throw new VersionedImageError(
      "UncommittedChanges",
      `${place(facts)} has uncommitted changes:\n${listed(uncommitted.map(describeChange))}\n` +
        "Commit them to publish a version, or set debug (--debug) to publish the files on disk under a -debug tag.",
    );
  }
  if (hidden.length > 0) {
    throw new VersionedImageError(
      "HiddenChanges",
      `Git is set to ignore changes to files in ${place(facts)}:\n${listed(hidden)}\n` +
        "Run `git update-index --no-assume-unchanged --no-skip-worktree -- FILE` for each, then commit or revert the changes.",
    );
  }
}

/** What the program says today may be more than what the image had then. */
function refuseLacking(facts: Facts, revision: string, debug: boolean): void {
  if (debug) {
    throw invalidArgument(
      "debug and revision can't be set together: a debug image is built from the disk. Leave out one of them.",
    );
  }
  const lacking = new Set([...facts.missing, ...(facts.dockerfileCommitted ? [] : [facts.dockerfile])]);
  if (lacking.size > 0) {
    throw new VersionedImageError(
      "NotInRevision",
      `Commit ${revision}, set as revision, has no ${shownPaths(lacking)}, so the image can't be ` +
        "built from it. Name another revision, or leave revision out.",
    );
  }
}

function neverCommitted(facts: Facts): VersionedImageError {
  const what = facts.missing.length > 0 ? shownPaths(facts.missing) : place(facts);
  return new VersionedImageError(
    "NeverCommitted",
    `${what} is not in git's history (HEAD in ${facts.root}), so there is no commit to name the version after. ` +
      "Add and commit it first; a debug image needs a commit, too.",
  );
}

/** One of this repository whose files are not committed has ended with an error of its own. */
function refuseForeignBase({ bases, files, missing, root }: Facts): void {
  const [name, foreign] = Object.entries(bases).find(([, { tree }]) => tree === undefined) ?? [];
  if (foreign !== undefined && !missing.some((path) => files.includes(path))) {
    throw invalidArgument(
      `build.bases.${name} covers ${foreign.covers.join(", ")}, which is not in git's history (HEAD in ${root}), but a base must be an image ` +
        "of this repository. Name any other image by its digest, in build.contexts or in the Dockerfile's FROM.",
    );
  }
}

function dockerfileNotFound(facts: Facts, debug: boolean): VersionedImageError {
  const where = debug ? `on disk in ${facts.root}` : "in the last commit";
  return new VersionedImageError(
    "DockerfileNotFound",
    `There is no ${facts.dockerfile} ${where}. Write one, or name another with the dockerfile argument (relative to ` +
      "the context).",
  );
}

function place({ context, root }: Facts): string {
  return context || root;
}

function describeChange({ status, path }: Change): string {
  return `${status} ${path}`;
}
