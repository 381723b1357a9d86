import { VersionedImageError } from "../errors";
import { plain } from "./describe";
import { dirtyIn, labelIn, REVISION_LABEL, TREE_LABEL, VERSION_LABEL } from "./labels";
import { digitsOfTag, isDebugTag } from "./tags";

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
    throw refused(what, "its platforms are not of one version by their labels");
  }
  if (platforms.some((each) => dirtyIn(each) !== undefined) || isDebugTag(version)) {
    throw refused(what, "it is a debug image, built from files that need not be those of a commit");
  }
  const digits = digitsOfTag(version, version);
  if (digits === undefined || ![revision, tree].some((hash) => hash.startsWith(digits))) {
    throw refused(
      what,
      `its labels do not agree: the version ${shown(version)} is neither of commit ${shown(revision)} nor of tree ${shown(tree)}`,
    );
  }
  if (tag !== undefined && tag !== version && digitsOfTag(tag) !== undefined) {
    throw refused(what, `its labels say that it is ${shown(version)}`);
  }
  return version;
}

const IDENTITY = [REVISION_LABEL, TREE_LABEL, VERSION_LABEL];

/** So many characters of a label are shown. */
const SHOWN = 60;

function shown(value: string): string {
  return plain(value).slice(0, SHOWN);
}

function refused(what: string, why: string): VersionedImageError {
  return new VersionedImageError(
    "NotCopyable",
    `${what} is not copied: ${why}. Copy what a stack has published from a commit; \`versioned-image verify ${what}\` says more of it.`,
  );
}
