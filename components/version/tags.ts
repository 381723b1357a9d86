import { createHash } from "node:crypto";

const SUFFIX = "-debug";

/** The tag of a debug image, after its version's digits. */
export function debugTag(digits: string): string {
  return digits + SUFFIX;
}

/** The tag of the production version of the commit that a debug image's tag names, too; of any other tag, itself. */
export function productionTag(tag: string): string {
  return isDebugTag(tag) ? tag.slice(0, -SUFFIX.length) : tag;
}

/** Whether a tag is that of a debug image. */
export function isDebugTag(tag: string): boolean {
  return tag.endsWith(SUFFIX);
}

/**
 * The digits of a tag that names a version, a debug image's too; undefined if it names none. Something may stand before them
 * (`tagPrefix`) where the image itself says that this is its tag.
 */
export function digitsOfTag(tag: string, said?: string): string | undefined {
  const named = productionTag(tag);
  const prefix = tag === said ? PREFIX : "";
  return new RegExp(`^${prefix}([0-9a-f]{7,40})$`).exec(named)?.[1];
}

/** What may stand there: labels are written by others, and what they say may be no tag at all. */
const PREFIX = "(?:\\w[\\w.-]{0,81}(?<![0-9a-f]))?";

/** What stands before the digits of a version's tag (`tagPrefix`). */
export function prefixOfTag(tag: string): string {
  return tag.slice(0, tag.length - (digitsOfTag(tag, tag) ?? "").length);
}

/** The longest part of a stack's name that a scratch tag shows. */
const LONGEST = 40;

/**
 * The tag under which one stack pushes the content of one image before the version's own tag is set: `scratch-STACK-HASH`.
 * It belongs to that stack and image alone and is overwritten by each version that the stack publishes.
 *
 * @param stack The stack's name.
 * @param identity What tells the image from all others, in all stacks: its URN.
 */
export function scratchTag(stack: string, identity: string): string {
  const slug = stack
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replace(/^-|-$/g, "");
  return `scratch-${slug || "stack"}-${createHash("sha256").update(identity).digest("hex").slice(0, 12)}`;
}

/** Whether a tag has the form of a scratch tag, which names no version. */
export function isScratchTag(tag: string): boolean {
  return /^scratch-[a-z0-9-]+-[0-9a-f]{12}$/.test(tag);
}
