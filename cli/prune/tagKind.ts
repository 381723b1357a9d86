import {
  digitsOfTag,
  dirtyIn,
  isDebugTag,
  isScratchTag,
  labelIn,
  REVISION_LABEL,
  scratchTag,
  TREE_LABEL,
  VERSION_LABEL,
} from "../../components/version";

/** What a tag is, as far as its name and what its image says tell. */
export type TagKind =
  /** A version, or a debug image of one. */
  | { kind: "version" | "debug"; revision: string; tree: string }
  /** What a stack pushes before it sets the version's tag. */
  | { kind: "scratch"; stack: string }
  /** A signature, attestation or list of such, in cosign's or OCI's form, with the digest that it is about. */
  | { kind: "attestation"; subject: string }
  /** Anything else, which is left alone. */
  | { kind: "unknown"; why: string };

const ATTESTATION = /^sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/** Tells what a tag is. Labels: undefined if there is no image under it. */
export function tagKind(tag: string, labels: Record<string, string> | undefined): TagKind {
  const subject = subjectOf(tag);
  if (subject !== undefined) {
    return { kind: "attestation", subject };
  }
  const stack = scratchStack(tag);
  if (stack !== undefined) {
    return { kind: "scratch", stack };
  }
  if (!labels) {
    return unknown("it is not an image");
  }
  const revision = labelIn(labels, REVISION_LABEL);
  const tree = labelIn(labels, TREE_LABEL);
  const digits = digitsOfTag(tag);
  if (digits === undefined && labelIn(labels, VERSION_LABEL) !== tag) {
    return unknown("it is not a version tag");
  }
  if (revision === undefined || tree === undefined) {
    return unknown("its image has no labels for its commit and files");
  }
  if (digits !== undefined && !revision.startsWith(digits) && !tree.startsWith(digits)) {
    return unknown(`its image is of commit ${revision.slice(0, 12)}`);
  }
  if (isDebugTag(tag) !== (dirtyIn(labels) !== undefined)) {
    return unknown(isDebugTag(tag) ? "its image is not a debug image" : "its image is a debug image");
  }
  return { kind: isDebugTag(tag) ? "debug" : "version", revision, tree };
}

/** The digest that an attestation's tag says it is about; undefined of any other tag. */
export function subjectOf(tag: string): string | undefined {
  const digits = ATTESTATION.exec(tag)?.[1];
  return digits === undefined ? undefined : `sha256:${digits}`;
}

function unknown(why: string): TagKind {
  return { kind: "unknown", why };
}

/** The stack's name as a scratch tag shows it; undefined of any other tag. */
export function scratchStack(tag: string): string | undefined {
  return isScratchTag(tag) ? tag.slice("scratch-".length, -"-0123456789ab".length) : undefined;
}

/** A stack's name as its scratch tags show it, which stacks of several projects can share. */
export function shownStack(stack: string): string {
  return scratchStack(scratchTag(stack, "")) ?? stack;
}
