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
      `${dockerfile} is a symbolic link to a file outside the image's directory, which the version does not cover: ` +
        "put the Dockerfile itself there.",
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
