import { type ErrorCode, VersionedImageError } from "../../components/errors";
import type { Named } from "./images";
import type { Published } from "./run";

/** One of the images that were named, and what became of it. */
export interface Result extends Pick<Named, "label" | "context" | "name"> {
  result: Published | VersionedImageError;
}

/** An image in JSON output, in reports and for GitHub Actions. */
export type ResultJson = { context: string; name: string } & (
  | PublishedJson
  | { error: { code: ErrorCode; message: string } }
);

interface PublishedJson {
  repository: string;
  tag: string;
  commit: string;
  /** null for what a dry run would build, like the reference. */
  digest: string | null;
  reference: string | null;
  outcome: Published["outcome"];
}

export function resultsJson(results: Result[], dryRun: boolean): { dryRun: boolean; images: ResultJson[] } {
  return { dryRun, images: results.map(resultJson) };
}

function resultJson({ context, name, result }: Result): ResultJson {
  if (result instanceof VersionedImageError) {
    return { context, name, error: { code: result.code, message: result.message } };
  }
  const { image, digest, outcome } = result;
  const { repository, version } = image;
  return {
    context,
    name,
    repository,
    tag: version.tag,
    commit: version.commit,
    digest: digest ?? null,
    reference: digest === undefined ? null : referenceOf(result),
    outcome,
  };
}

/** repository:tag@digest; without the digest for what a dry run would build. */
export function referenceOf({ image: { repository, version }, digest }: Published): string {
  return `${repository}:${version.tag}${digest === undefined ? "" : `@${digest}`}`;
}
