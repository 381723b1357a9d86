import { invalidArgument } from "../errors";
import { isDigest } from "./descriptor";
import { codesIn } from "./errorMessage";
import { protocol } from "./failure";
import type { Fetcher } from "./fetcher";
import { isTag } from "./reference";
import { type Refusal, refusalOf } from "./tagManifest";

/** What became of a tag or manifest that was to be deleted. */
export type Deletion =
  | "deleted"
  /** There was none. */
  | "missing"
  /** The registry deletes nothing, or not by a tag. */
  | "unsupported"
  | Refusal;

/** What a registry answers to what it won't delete. */
export const DELETE_REFUSALS = [400, 403, 404, 405, 409, 412, 422];

/** Deletes a tag, or by digest a manifest with all tags that lead to it. */
export async function deleteManifest(fetcher: Fetcher, reference: string): Promise<Deletion> {
  if (!isTag(reference) && !isDigest(reference)) {
    throw invalidArgument(`${JSON.stringify(reference)} is neither a tag nor a digest. Use one of them.`);
  }
  const answer = await fetcher.deleteManifest(reference);
  if ([200, 202, 204].includes(answer.status)) {
    return "deleted";
  }
  if (!DELETE_REFUSALS.includes(answer.status)) {
    throw protocol(answer.origin, `status ${answer.status} for the deletion of a manifest`);
  }
  if (answer.status === 405 || codesIn(answer.body.toString()).includes("UNSUPPORTED")) {
    return "unsupported";
  }
  return answer.status === 404 ? "missing" : refusalOf(answer);
}
