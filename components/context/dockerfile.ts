import { DockerfileParser, type From, type Instruction } from "dockerfile-ast";
import { VersionedImageError } from "../errors";

/** What a Dockerfile is stamped with, and where. */
export interface Stamp {
  /** The name of the Dockerfile, for messages. */
  name: string;
  /** The stage that is built, by name or number. Default: the last one. */
  target: string | undefined;
  labels: Record<string, string>;
}

const BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

/**
 * The Dockerfile with a LABEL instruction at the end of the stage that is built: there it leaves the cache of every other
 * step alone. All other bytes stay as they are. Throws DockerfileInvalid if that stage can't be found or does not end.
 */
export function stampDockerfile(content: Buffer, { name, target, labels }: Stamp): Buffer {
  // One character a byte, so that what is not UTF-8 survives.
  const whole = content.toString("latin1");
  const mark = whole.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  const text = whole.slice(mark.length);
  const { stages, escapeChar, count } = parse(text);
  const index = stageIndex(stages, target, name);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const label = Buffer.from(labelInstruction(labels, escapeChar)).toString("latin1");

  const next = stages[index + 1];
  const end = next ? lineStart(text, next.getRange().start.line) : text.length;
  const before = text.slice(0, end);
  const ended = before === "" || before.endsWith("\n") ? before : before + newline;
  const stamped = `${ended}${label}${newline}${text.slice(end)}`;

  const check = parse(stamped);
  const last = check.stages[index + 1];
  const own = check.instructions.filter(
    (instruction) => !last || instruction.getRange().start.line < last.getRange().start.line,
  );
  if (check.count !== count + 1 || own.at(-1)?.getInstruction() !== "LABEL") {
    throw new VersionedImageError(
      "DockerfileInvalid",
      `The last instruction of ${name} does not end: it has a line continuation or a here-document that nothing follows. ` +
        "End it, so that labels can be put after it.",
    );
  }
  return Buffer.from(mark + stamped, "latin1");
}

/** `FROM` of an image and nothing else: building it gives that image again, whatever the Dockerfile was before. */
export function dockerfileOf(image: string, target: string | undefined): string {
  return target === undefined || /^\d+$/.test(target) ? `FROM ${image}\n` : `FROM ${image} AS ${target}\n`;
}

function lineStart(text: string, line: number): number {
  return text
    .split("\n", line)
    .map((before) => before.length + 1)
    .reduce((sum, length) => sum + length, 0);
}

interface Parsed {
  stages: From[];
  instructions: Instruction[];
  count: number;
  escapeChar: string;
}

function parse(text: string): Parsed {
  const dockerfile = DockerfileParser.parse(asDockerReads(text));
  const instructions = dockerfile.getInstructions();
  return {
    stages: dockerfile.getFROMs(),
    instructions,
    count: instructions.length,
    escapeChar: dockerfile.getEscapeCharacter(),
  };
}

/**
 * The text, in the same places, without what the parser takes for something else than Docker does: a carriage return alone
 * ends no line, and a here-document may have the number of a file descriptor before it.
 */
function asDockerReads(text: string): string {
  return text.replace(/\r(?!\n)/g, " ").replace(/(?<=\s)\d+(?=<<)/g, (digits) => " ".repeat(digits.length));
}

function stageIndex(stages: From[], target: string | undefined, name: string): number {
  if (stages.length === 0) {
    throw new VersionedImageError("DockerfileInvalid", `${name} has no FROM instruction: there is nothing to build.`);
  }
  if (target === undefined) {
    return stages.length - 1;
  }
  const named = stages.findIndex((stage) => stage.getBuildStage()?.toLowerCase() === target.toLowerCase());
  const index = named < 0 && /^\d+$/.test(target) ? Number(target) : named;
  if (index < 0 || index >= stages.length) {
    const names = stages.map((stage, number) => stage.getBuildStage() ?? String(number)).join(", ");
    throw new VersionedImageError(
      "DockerfileInvalid",
      `${name} has no stage ${JSON.stringify(target)} for build.target; its stages are: ${names}.`,
    );
  }
  return index;
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
