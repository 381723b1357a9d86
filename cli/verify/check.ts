/** Whether something is so: "contradicted" is that it is not, "unproven" that nothing here can tell. */
export type Result = "proven" | "contradicted" | "unproven";

/** One thing that was looked at. */
export interface Check {
  name: string;
  result: Result;
  /** What was found, and what to do where it can't be told. */
  message: string;
  /** Whether the image counts as consistent only if this is proven. */
  required: boolean;
}

function checkMaker(result: Result, required: boolean) {
  return (name: string, message: string): Check => ({ name, result, message, required });
}

export const proven = checkMaker("proven", true);
export const contradicted = checkMaker("contradicted", true);
/** Something without which the image can't count as consistent. */
export const lacking = checkMaker("unproven", true);
/** Something that can't be told, or need not be. */
export const unproven = checkMaker("unproven", false);

/** What keeps an image from counting as consistent: what speaks against it, and what is needed or was asked for and is lacking. */
export function faultsIn(checks: Check[]): Check[] {
  return checks.filter(({ result, required }) => result === "contradicted" || (result === "unproven" && required));
}

/** Whether nothing speaks against what an image says of its origin, and nothing that is needed or was asked for is lacking. */
export function isConsistent(checks: Check[]): boolean {
  return faultsIn(checks).length === 0;
}

/** Whether a rebuild or a signature proves the files in it, beside that: labels alone are written by whoever builds. */
export function isVerified(checks: Check[]): boolean {
  return isConsistent(checks) && checks.some(({ name, result }) => name === "content" && result === "proven");
}

/** What speaks against an image that is not consistent. */
export function refusalOf(checks: Check[]): "not consistent" | "not verified" {
  // Its labels may agree with git where only a proof that was asked for is lacking.
  return faultsIn(checks).every(({ name, result }) => result === "unproven" && PROOFS.includes(name))
    ? "not verified"
    : "not consistent";
}

const PROOFS = ["signature", "attestation", "content"];

/** What keeps an image from counting as consistent, as the end of a sentence about it. */
export function whyNot(checks: Check[]): string {
  const faults = faultsIn(checks);
  const wrong = faults.filter(({ result }) => result === "contradicted");
  const names = [...new Set((wrong.length > 0 ? wrong : faults).map(({ name }) => name))].join(", ");
  return `${wrong.length > 0 ? "contradicted:" : "no proof of"} ${names}`;
}

/** The paths of an image, for messages. */
export function wholePaths(paths: string[]): string {
  return paths.map((path) => path || "the whole repository").join(", ");
}
