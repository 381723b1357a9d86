import { invalidArgument } from "../../components/errors";
import type { Target } from "../../components/protocol";
import { NAME, namedRepository } from "../namedRepository";
import type { Image } from "./images";
import type { Run } from "./run";

/** Throws InvalidArgument for one repository from which the versions of several images would be copied. */
export function refuseOneSource(copyFrom: string | undefined, images: number): void {
  if (copyFrom !== undefined && images > 1 && !copyFrom.includes(NAME)) {
    throw invalidArgument(
      `--copy-from is ${copyFrom}, but there are several images. Use ${NAME} for the name of each one, as in ` +
        `gcr.io/staging/${NAME}.`,
    );
  }
}

/**
 * Where an image's version is copied from that its repository lacks. A debug image is built from the disk, and never copied. Throws
 * InvalidArgument for what is no repository, or the image's own.
 */
export function sourceOf({ name, repository, version }: Image, { copyFrom, client }: Run): Target | undefined {
  if (copyFrom === undefined || version.debug) {
    return undefined;
  }
  const source = namedRepository(copyFrom, name);
  if (source === repository) {
    throw invalidArgument(`--copy-from is ${source}, where ${name} itself is published. Name another repository.`);
  }
  return { repository: source, spec: `${source}:${version.tag}`, registry: client };
}
