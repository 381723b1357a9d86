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

export function proven(name: string, message: string): Check {
  return { name, result: "proven", message, required: true };
}

export function contradicted(name: string, message: string): Check {
  return { name, result: "contradicted", message, required: true };
}

/** Something without which the image can't count as consistent. */
export function lacking(name: string, message: string): Check {
  return { name, result: "unproven", message, required: true };
}

/** Something that can't be told, or need not be. */
export function unproven(name: string, message: string): Check {
  return { name, result: "unproven", message, required: false };
}

/** Whether nothing speaks against what an image says of its origin, and nothing that is needed or was asked for is lacking. */
export function isConsistent(checks: Check[]): boolean {
  return checks.every(({ result, required }) => result === "proven" || (result === "unproven" && !required));
}

/** Whether a rebuild or a signature proves the files in it, beside that: labels alone are written by whoever builds. */
export function isVerified(checks: Check[]): boolean {
  return isConsistent(checks) && checks.some(({ name, result }) => name === "content" && result === "proven");
}

/** What speaks against an image that is not consistent. */
export function refusalOf(checks: Check[]): "not consistent" | "not verified" {
  const failed = checks.filter(
    ({ result, required }) => result === "contradicted" || (result === "unproven" && required),
  );
  // Its labels may agree with git where only a proof that was asked for is lacking.
  return failed.every(({ name, result }) => result === "unproven" && PROOFS.includes(name))
    ? "not verified"
    : "not consistent";
}

const PROOFS = ["signature", "attestation", "content"];

/** What keeps an image from counting as consistent, as the end of a sentence about it. */
export function whyNot(checks: Check[]): string {
  const names = (found: Check[]) => [...new Set(found.map(({ name }) => name))].join(", ");
  const wrong = checks.filter(({ result }) => result === "contradicted");
  const missing = checks.filter(({ result, required }) => result === "unproven" && required);
  return wrong.length > 0 ? `contradicted: ${names(wrong)}` : `no proof of ${names(missing)}`;
}
