import { VersionedImageError } from "../../components/errors";
import { count, type Io, paint, printError } from "../output";
import type { Copied, Outcome } from "./outcome";

/** A line for each image that was copied, and an error for each that was not. */
export function printCopies(outcomes: Outcome[], dryRun: boolean, io: Io): void {
  for (const { given, result } of outcomes) {
    if (result instanceof VersionedImageError) {
      printError(io, result, outcomes.length > 1 ? given : undefined);
    } else {
      io.out(`${lineOf(result, dryRun, io)}\n`);
    }
  }
}

function lineOf(copied: Copied, dryRun: boolean, io: Io): string {
  const { outcome, repository, tag, digest } = copied;
  const said = outcome === "copied" && dryRun ? "will be copied" : outcome;
  return `${paint(io, outcome === "copied" ? "green" : "dim", said)}  ${repository}:${tag}@${digest}  ${detailsOf(copied, dryRun)}`;
}

function detailsOf({ size, sent, mounted, there, bytes, attached, source }: Copied, dryRun: boolean): string {
  const parts = dryRun
    ? [megabytes(size)]
    : [
        sent > 0 ? `${count(sent, "blob")} sent (${megabytes(bytes)})` : "",
        mounted > 0 ? `${count(mounted, "blob")} mounted` : "",
        there > 0 ? `${count(there, "blob")} there already` : "",
      ];
  const others =
    attached > 0 ? [`${count(attached, "manifest")} that ${attached === 1 ? "refers" : "refer"} to it`] : [];
  return [`from ${source.slice(0, source.indexOf("@"))}`, ...parts, ...others].filter((part) => part !== "").join(", ");
}

/** "0.1 MB" is the least. */
export function megabytes(bytes: number): string {
  return `${Math.max(0.1, bytes / 1e6).toFixed(1)} MB`;
}

export function copiesJson(outcomes: Outcome[], dryRun: boolean) {
  return {
    dryRun,
    images: outcomes.map(({ given, result }) =>
      result instanceof VersionedImageError
        ? { given, error: { code: result.code, message: result.message } }
        : { given, ...copiedJson(result) },
    ),
  };
}

function copiedJson({ outcome, source, repository, tag, digest, size, there, mounted, sent, bytes, attached }: Copied) {
  const reference = `${repository}:${tag}@${digest}`;
  return {
    outcome,
    source,
    repository,
    tag,
    digest,
    reference,
    size,
    blobs: { there, mounted, sent, bytes },
    attached,
  };
}
