import type { Result } from "../support/stack";

/** What an update says that a server or a process ended in its midst, of which this package has no code. */
const WORDS: [reason: string, words: RegExp][] = [
  ["Docker", /docker daemon|docker\.sock|error (building image|reading (build|push) output)|docker native provider/i],
  ["plugin ended", /exited prematurely|could not read plugin|error reading from server|transport is closing/],
];

/** Why an update failed: the codes of its errors, else the fault's own words; none if it did not say. */
export function reasonsOf({ diagnostics }: Result): string[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  const codes = errors.flatMap((message) => /\[([A-Z]\w+)\]$/.exec(message)?.[1] ?? []);
  const words = WORDS.filter(([, pattern]) => errors.some((message) => pattern.test(message))).map(
    ([reason]) => reason,
  );
  return codes.length > 0 ? [...new Set(codes)] : words.slice(0, 1);
}
