import { isScratchTag, scratchTag } from "../../components/version";

/** The stack's name as a scratch tag shows it; undefined of any other tag. */
export function scratchStack(tag: string): string | undefined {
  return isScratchTag(tag) ? tag.slice("scratch-".length, -"-0123456789ab".length) : undefined;
}

/** A stack's name as its scratch tags show it, which stacks of several projects can share. */
export function shownStack(stack: string): string {
  return scratchStack(scratchTag(stack, "")) ?? stack;
}
