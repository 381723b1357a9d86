import { readFile, realpath } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";

/** A Dockerfile as far as messages need it: nothing that is built depends on how it is read here. */
export interface Dockerfile {
  instructions: Instruction[];
  /** The names of its stages in lower case, in order; undefined for one without a name. */
  stages: (string | undefined)[];
  /** The frontend that it asks BuildKit for (`# syntax=`), by its reference; undefined if it asks for none. */
  frontend: string | undefined;
  /** Whether Docker may read it otherwise, so that nothing may be refused for how it is read here. */
  isDoubtful: boolean;
}

/** An instruction of a Dockerfile: a line with those that continue it. */
export interface Instruction {
  /** In upper case, such as "RUN". */
  name: string;
  /** The whole of it, in one line. */
  text: string;
  /** The number of its first line, from 1. */
  line: number;
}

/** Reads the Dockerfile of a staged context, relative to it. Throws DockerfileNotCovered for one that is elsewhere, and what Node.js throws. */
export async function dockerfileIn(context: string, dockerfile: string): Promise<Dockerfile> {
  const folder = await realpath(context);
  const file = path.join(folder, dockerfile);
  const real = await realpath(file);
  if (real !== file && !real.startsWith(folder + path.sep)) {
    throw new VersionedImageError(
      "DockerfileNotCovered",
      `${dockerfile} is a symbolic link to a file outside the image's directory, which the version does not cover. ` +
        "Replace the link with the Dockerfile itself.",
    );
  }
  return parseDockerfile(await readFile(real, "utf8"));
}

/** Reads a Dockerfile's text, whatever is in it. */
export function parseDockerfile(text: string): Dockerfile {
  const parsed = parser().parse(text);
  const directives = parsed.getDirectives().map((each) => [each.getName().toLowerCase(), each.getValue()] as const);
  const isEscapeSure = parsed.getEscapeCharacter() === "\\" || directives.every(([name]) => DIRECTIVES.includes(name));
  return {
    instructions: parsed.getInstructions().map((instruction) => ({
      name: instruction.getKeyword(),
      text: instruction.toString(),
      line: instruction.getRange().start.line + 1,
    })),
    stages: parsed.getFROMs().map((from) => from.getBuildStage()?.toLowerCase()),
    frontend: directives.find(([name]) => name === "syntax")?.[1],
    isDoubtful: !isEscapeSure || DOUBTFUL.some((pattern) => pattern.test(text)),
  };
}

/** It takes long to load, and a program whose images are all published needs none. */
function parser(): typeof import("dockerfile-ast").DockerfileParser {
  return (require("dockerfile-ast") as typeof import("dockerfile-ast")).DockerfileParser;
}

/** BuildKit takes any other comment for the end of them, the library does not. */
const DIRECTIVES = ["syntax", "check", "escape"];

/** What the library reads otherwise than BuildKit, and what is near to that. */
const DOUBTFUL = [
  // Here-documents: which words begin one, and which line ends it.
  /<</,
  // Two escape characters at a line's end, which does not go on then; with white space between them, it does.
  /([\\`])[ \t]*\1[ \t]*$/m,
  // A line that goes on within its first word or right after it, or that nothing follows.
  /^\ufeff?[ \t]*\w*[\\`][ \t]*$/m,
  /[\\`]\s*$/,
  // What only one of the two takes for white space or for the end of a line, and a letter with another lower case in Go.
  /[\v\f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000İ]|\r(?!\n)|.\ufeff/s,
  // BuildKit finds a frontend in a file of any language, after a line for a shell, too.
  /^\ufeff?\s*(#!|\/\/|\{)/,
];

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
    throw invalid(`Unknown instruction ${unknown.name} (line ${unknown.line} of ${dockerfile}).`);
  }
  if (read.stages.length === 0) {
    throw invalid(`${dockerfile} has no FROM instruction, so there is nothing to build.`);
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
  const advice = /^\d+$/.test(target) ? " A target is the name of a stage, not its number. Write FROM … AS NAME." : "";
  return `${dockerfile} has no stage ${JSON.stringify(target)} for build.target; ${known}.${advice}`;
}

function invalid(message: string): VersionedImageError {
  return new VersionedImageError("DockerfileInvalid", message);
}
