import type { Attested } from "./attested";
import type { BaseEvidence } from "./bases";
import type { Origin } from "./origin";
import type { Rebuilt } from "./rebuild";

/** An image, what it says of itself, and what git says of that. */
export interface Evidence {
  /** Undefined if the image was named by its digest alone. */
  tag: string | undefined;
  /** The digest that it was named by, if it was. */
  statedDigest: string | undefined;
  /** What the registry has under the tag; under the digest if there is no tag. */
  servedDigest: string;
  labels: Record<string, string>;
  origin: Origin;
  /** What it says that it is built on. */
  based: BaseEvidence;
  /** What a signer says of it; undefined if no signature was asked for. */
  attested?: Attested;
  /** What came of building it again; undefined if that was not asked for. */
  rebuilt?: Rebuilt;
}

/** Whether digits are the beginning of a hash. */
export function isShort(digits: string | undefined, hash: string | undefined): boolean {
  return digits !== undefined && hash?.startsWith(digits) === true;
}
