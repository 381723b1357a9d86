import { createHash } from "node:crypto";

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
