const SCRATCH = /^scratch-([a-z0-9-]+)-[0-9a-f]{12}$/;

/** The stack in the name of a tag that a stack pushes under before it sets the version's; undefined if it is no such tag. */
export function scratchStack(tag: string): string | undefined {
  return SCRATCH.exec(tag)?.[1];
}
