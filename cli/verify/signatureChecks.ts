import { type History, lookUpCommits, readContent, treeIn } from "../../components/git/lookup";
import { BUILD_LABEL, labelIn, REVISION_LABEL, SOURCE_LABEL, TREE_LABEL } from "../../components/version";
import { buildTypeOf, type Claim, claimIn, type Ground, groundIn } from "../provenance/predicate";
import { type Check, contradicted, lacking, proven, wholePaths } from "./check";
import type { Signed } from "./cosign";

/** Checks of a signature and of the provenance that the signer attests. */
export function signatureChecks(attested: Attested, labels: Record<string, string>): Check[] {
  return [signatureCheck(attested), attestationCheck(attested, labels)];
}

function signatureCheck({ by, signatures, noSignature, claims, others }: Attested): Check {
  if (signatures > 0) {
    return proven("signature", `the digest is signed by ${by}`);
  }
  return lacking(
    "signature",
    claims.length + others.length > 0
      ? `${by} has attested the digest, but not signed it: run cosign sign`
      : `no signature by ${by}${noSignature === "" ? "" : ` (cosign: ${noSignature})`}`,
  );
}

function attestationCheck({ by, claims, others, noProvenance }: Attested, labels: Record<string, string>): Check {
  if (claims.length === 0) {
    const kinds = [...new Set(others)].join(", ");
    return lacking(
      "attestation",
      others.length > 0
        ? `the provenance by ${by} has another build type (${kinds}): print one with versioned-image provenance`
        : `no provenance attested by ${by}${noProvenance === "" ? "" : ` (cosign: ${noProvenance})`}`,
    );
  }
  // One that is wrong counts, whatever others say.
  const faults = claims.map((claim) => faultOf(claim, by, labels)).filter((fault) => fault !== undefined);
  return (
    faults.find(({ result }) => result === "contradicted") ??
    faults[0] ??
    proven(
      "attestation",
      `${by} attests that ${whatOf(claims)} commit ${claims[0]?.commit}, ${wholePaths(claims[0]?.paths ?? [])}`,
    )
  );
}

/** Whether a signer says more of an image than that its labels agree with git, which those of a copy do as well. */
export function vouchesForContent({ claims }: Attested): boolean {
  return claims.some(({ ground }) => ground !== "labels");
}

function whatOf(claims: AttestedClaim[]): string {
  const grounds = claims.map(({ ground }) => ground);
  if (grounds.includes("rebuild")) {
    return "a rebuild gave the same image, from";
  }
  return grounds.includes("publisher") ? "it was built from" : "its labels agree with";
}

function faultOf(claim: AttestedClaim, by: string, labels: Record<string, string>): Check | undefined {
  const differs = [
    { what: "commit", says: claim.commit, label: REVISION_LABEL },
    { what: "tree", says: claim.tree, label: TREE_LABEL },
    { what: "repository", says: claim.source, label: SOURCE_LABEL },
    { what: "build", says: claim.build, label: BUILD_LABEL },
  ].find(({ says, label }) => says !== labelIn(labels, label));
  if (differs) {
    const { what, says, label } = differs;
    return contradicted(
      "attestation",
      `${by} attests ${what} ${says ?? "(none)"}, but the image says ${labelIn(labels, label) ?? "none"}`,
    );
  }
  if (!claim.isCommitHere) {
    return lacking("attestation", `${by} attests commit ${claim.commit}, which is not in this repository`);
  }
  if (claim.treeInGit !== claim.tree) {
    return contradicted(
      "attestation",
      `${by} attests that ${wholePaths(claim.paths)} at commit ${claim.commit} is tree ${claim.tree}, but git ` +
        `has ${claim.treeInGit ?? "nothing there"}`,
    );
  }
  return undefined;
}

/** What a signer says of an image, beside what git says of that. */
export interface Attested {
  /** For messages: "the key cosign.pub". */
  by: string;
  /** How many signatures there are, and cosign's words if none. */
  signatures: number;
  noSignature: string;
  claims: AttestedClaim[];
  /** Provenance of other kinds of builds, by its build type. */
  others: string[];
  /** Cosign's words if there is no provenance at all. */
  noProvenance: string;
}

interface AttestedClaim extends Claim {
  ground: Ground;
  /** Whether this clone has the commit. */
  isCommitHere: boolean;
  /** What git has at the claim's paths in that commit; undefined if it has nothing there, or not the commit. */
  treeInGit: string | undefined;
}

/** Looks up in git what a signer says of an image. Throws GitFailed. */
export async function readAttested(history: History, { by, signature, predicates }: Signed): Promise<Attested> {
  const claims = predicates.found.flatMap((predicate) => {
    const claim = claimIn(predicate);
    return claim ? [{ ...claim, ground: groundIn(predicate) }] : [];
  });
  const known = await lookUpCommits(
    history,
    claims.map(({ commit }) => commit),
  );
  return {
    by,
    signatures: signature.found,
    noSignature: signature.words,
    claims: await Promise.all(
      claims.map(async (claim) => ({
        ...claim,
        isCommitHere: known.has(claim.commit),
        treeInGit: known.has(claim.commit) ? await treeOfClaim(history, claim) : undefined,
      })),
    ),
    others: predicates.found
      .filter((predicate) => claimIn(predicate) === undefined)
      .map((predicate) => buildTypeOf(predicate) ?? "none"),
    noProvenance: predicates.words,
  };
}

async function treeOfClaim(history: History, { commit, paths }: Claim): Promise<string | undefined> {
  return treeIn(history, await readContent(history, commit), { paths });
}
