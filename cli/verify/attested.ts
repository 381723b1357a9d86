import { type History, lookUpCommits, readContent, treeIn } from "../../components/git/lookup";
import { buildTypeOf, type Claim, claimIn, type Ground, groundIn } from "../provenance/predicate";
import type { Signed } from "./cosign";

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

export interface AttestedClaim extends Claim {
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
