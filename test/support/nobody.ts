import type { Context } from "mocha";

/** A user who owns nothing, in a group of nothing. */
export const NOBODY = 65534;

/** Leaves the test out where it can't run as another user: root alone may, and root itself can read everything. */
export function needRoot(test: Context): void {
  if (process.getuid?.() !== 0) {
    console.log("      left out: to become another user needs root");
    test.skip();
  }
}

/** Does something with the rights of nobody, programs that it starts included. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
