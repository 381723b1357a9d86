import { VersionedImageError } from "../errors";
import { type Dockerfile, dockerfileIn } from "./dockerfile";

/** Which Dockerfile is to be built, and what of it. */
export interface DockerfileChoice {
  /** Relative to the context, as the program names it. */
  dockerfile: string;
  /** Where it is, relative to the staged context. Default: there as well. */
  staged?: string;
  /** The stage that is built. Default: the last one. */
  target: string | undefined;
}

/** The instructions that Docker's own frontend knows. */
const KNOWN = new Set(
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  ),
);

/** Throws DockerfileInvalid for the Dockerfile of a staged context that Docker would refuse, and DockerfileNotCovered for one that is elsewhere. */
export async function refuseUnbuildable(context: string, choice: DockerfileChoice): Promise<void> {
  refuseFaults(await dockerfileIn(context, choice.staged ?? choice.dockerfile), choice);
}

/**
 * Throws DockerfileInvalid for an instruction that is none, and where there is no stage, or not the one that is to be built: a preview shows
 * it. Docker's own check (`docker build --check`) finds more, but needs a daemon of today and the base images' registries, and a preview
 * needs neither. What may be right is left to the build.
 */
export function refuseFaults(read: Dockerfile, { dockerfile, target }: DockerfileChoice): void {
  if (read.isDoubtful || isForeign(read)) {
    return;
  }
  const unknown = read.instructions.find(({ name }) => !KNOWN.has(name));
  // One that asks for a frontend may have others.
  if (unknown && read.frontend === undefined) {
    throw invalid(`Docker knows no instruction ${unknown.name} (line ${unknown.line} of ${dockerfile}).`);
  }
  if (read.stages.length === 0) {
    throw invalid(`${dockerfile} has no FROM instruction: there is nothing to build.`);
  }
  if (target !== undefined && target !== "" && !read.stages.includes(target.toLowerCase())) {
    throw invalid(noSuchStage(read, dockerfile, target));
  }
}

/** Whether a Dockerfile asks for a frontend that is not docker/dockerfile, its next release, or a copy of one of them in another registry. */
export function isForeign({ frontend }: Dockerfile): boolean {
  return frontend !== undefined && !/(^|\/)dockerfile(-upstream)?([:@]|$)/.test(frontend);
}

function noSuchStage({ stages }: Dockerfile, dockerfile: string, target: string): string {
  const names = stages.filter((name) => name !== undefined);
  const known = names.length > 0 ? `its stages are: ${names.join(", ")}` : "none of its stages has a name";
  const advice = /^\d+$/.test(target)
    ? " Docker finds a target by its name, not by its number: write FROM … AS NAME."
    : "";
  return `${dockerfile} has no stage ${JSON.stringify(target)} for build.target; ${known}.${advice}`;
}

function invalid(message: string): VersionedImageError {
  return new VersionedImageError("DockerfileInvalid", message);
}
