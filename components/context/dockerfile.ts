import { failedInstruction } from "./failedInstruction";
import { foreignFrontend, refuseUndecided, refuseUnknown } from "./frontend";
import { type Instruction, readInstructions } from "./instructions";
import { builtStage, stagesOf } from "./stages";

/** What a Dockerfile is stamped with, and where. */
export interface Stamp {
  /** The name of the Dockerfile, for messages. */
  name: string;
  /** The name of the stage that is built. Default: the last one. */
  target: string | undefined;
  labels: Record<string, string>;
}

/**
 * The Dockerfile with a LABEL instruction at the end of the stage that is built: there it leaves the cache of every other
 * step alone. All other bytes stay as they are, but for what would continue the last line of the file. Throws DockerfileInvalid
 * if that stage can't be found, or where it ends.
 */
export function stampDockerfile(content: Buffer, { name, target, labels }: Stamp): Buffer {
  const { instructions, escapeChar, hasStrictChecks, dangling } = readInstructions(content, name);
  refuseUndecided(content, instructions, name);
  const stages = stagesOf(instructions);
  const next = stages[builtStage(stages, target, name) + 1];
  const label = labelInstruction(labels, escapeChar);
  const cased = hasStrictChecks && isMostlyLower(instructions) ? label.replace("LABEL", "label") : label;

  const newline = content.includes("\r\n") ? "\r\n" : "\n";
  const before = next ? content.subarray(0, next.start) : without(content, dangling);
  const after = content.subarray(next?.start ?? content.length);
  const isEnded = before.length === 0 || before.at(-1) === "\n".charCodeAt(0);
  return Buffer.concat([before, Buffer.from(`${isEnded ? "" : newline}${cased}${newline}`), after]);
}

/** Throws DockerfileInvalid for an instruction that is none, and if the stage that is to be built can't be found. What only another frontend can read is left to it. */
export function refuseUnbuildable(content: Buffer, { name, target }: Omit<Stamp, "labels">): void {
  if (foreignFrontend(content) === undefined) {
    const { instructions } = readInstructions(content, name);
    refuseUnknown(content, instructions, name);
    builtStage(stagesOf(instructions), target, name);
  }
}

/** The instruction at which a build failed, as far as the builder's words name one. None of what only another frontend can read. */
export function instructionNamed(content: Buffer, name: string, words: string): Instruction | undefined {
  return foreignFrontend(content) === undefined
    ? failedInstruction(readInstructions(content, name).instructions, words)
    : undefined;
}

/** `FROM` of an image and nothing else: building it gives that image again, whatever the Dockerfile was before. */
export function dockerfileOf(image: string, target: string | undefined): string {
  return target === undefined ? `FROM ${image}\n` : `FROM ${image} AS ${target}\n`;
}

/** The content without some ranges of bytes, which are in order. */
function without(content: Buffer, ranges: { start: number; end: number }[]): Buffer {
  const starts = [0, ...ranges.map(({ end }) => end)];
  return Buffer.concat(starts.map((start, index) => content.subarray(start, ranges[index]?.start ?? content.length)));
}

/** Whether one of Docker's checks would find fault with an instruction in upper case. */
function isMostlyLower(instructions: Instruction[]): boolean {
  const words = instructions.map(({ text }) => /^\w*/.exec(text)?.[0] ?? "");
  const count = (inCase: (word: string) => string) => words.filter((word) => word === inCase(word)).length;
  return count((word) => word.toLowerCase()) > count((word) => word.toUpperCase());
}

function labelInstruction(labels: Record<string, string>, escapeChar: string): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((key) => `${key}=${quote(labels[key] ?? "", escapeChar)}`);
  return `LABEL ${pairs.join(" ")}`;
}

/** A value in double quotes, in which Docker would expand variables and take the escape character for its own. */
function quote(value: string, escapeChar: string): string {
  const plain = value.replace(/[\r\n]+/g, " ");
  return `"${[...plain].map((char) => (['"', "$", escapeChar].includes(char) ? escapeChar + char : char)).join("")}"`;
}
