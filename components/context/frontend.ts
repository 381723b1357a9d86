import { VersionedImageError } from "../errors";
import { frontendOf } from "./directives";
import { hereDocumentsOf } from "./hereDocuments";
import type { Instruction } from "./instructions";

/** The instructions that Docker's own frontend knows. */
const KNOWN = new Set(
  "add arg cmd copy entrypoint env expose from healthcheck label maintainer onbuild run shell stopsignal user volume workdir".split(
    " ",
  ),
);

/**
 * Throws DockerfileInvalid where only the frontend that reads the Dockerfile (`# syntax=`) can know whether a here-document
 * begins, and so where the instruction ends: in one that Docker's own does not know, and in any other that has `<<` where Docker's own
 * takes none and the frontend is another one.
 */
export function refuseUndecided(content: Buffer, instructions: Instruction[], dockerfile: string): void {
  const foreign = foreignFrontend(content);
  for (const { name, text, line, takesHereDocuments } of instructions) {
    if (!takesHereDocuments && (foreign !== undefined || !KNOWN.has(name)) && hereDocumentsOf(text).length > 0) {
      const who = foreign !== undefined ? `for ${foreign} to say` : "not known";
      throw new VersionedImageError(
        "DockerfileInvalid",
        `Whether a here-document begins at line ${line} of ${dockerfile} (${name.toUpperCase()}) is ${who}, and labels could get ` +
          "into it. Put the << in quotes, or write the instruction without it.",
      );
    }
  }
}

/** Throws DockerfileInvalid for an instruction that Docker does not know; one that asks for a frontend may have others. */
export function refuseUnknown(content: Buffer, instructions: Instruction[], dockerfile: string): void {
  const unknown = instructions.find(({ name }) => !KNOWN.has(name));
  if (unknown && frontendOf(content.toString()) === undefined) {
    throw new VersionedImageError(
      "DockerfileInvalid",
      `Docker knows no instruction ${unknown.name.toUpperCase()} (line ${unknown.line} of ${dockerfile}).`,
    );
  }
}

/** The frontend that a Dockerfile asks for (`# syntax=`), if it is not Docker's own. */
export function foreignFrontend(content: Buffer): string | undefined {
  const frontend = frontendOf(content.toString());
  return frontend !== undefined && isDockers(frontend) ? undefined : frontend;
}

/** Whether a frontend is docker/dockerfile, its next release, or a copy of one of them in another registry. */
function isDockers(reference: string): boolean {
  return /(^|\/)dockerfile(-upstream)?([:@]|$)/.test(reference);
}
