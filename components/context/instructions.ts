import { VersionedImageError } from "../errors";
import { directiveIn } from "./directives";
import { type HereDocument, hereDocumentsOf } from "./hereDocuments";
import { trim, trimStart } from "./whiteSpace";

/** An instruction of a Dockerfile: a line with those that continue it, and the here-documents that follow. */
export interface Instruction {
  /** In lower case, such as "run". */
  name: string;
  /** The line as it is when continued lines are joined, without here-documents. */
  text: string;
  /** The number of its first line, from 1. */
  line: number;
  /** Where it begins, in bytes. A comment before it that sets checks for it (`# check=skip=…`) is part of it. */
  start: number;
  /** Whether Docker looks for here-documents after it. */
  takesHereDocuments: boolean;
}

export interface Instructions {
  instructions: Instruction[];
  /** What continues a line, and escapes: a backslash or a backtick. */
  escapeChar: string;
  /** Whether what a check of Docker's finds is an error (`# check=error=true`). */
  hasStrictChecks: boolean;
  /** If the file ends while a line is continued: what continues it, in bytes, in the last lines. */
  dangling: { start: number; end: number }[];
}

/**
 * The instructions of a Dockerfile, by the rules of BuildKit's own parser. It is what decides where a stage ends, so no other
 * reading will do: the Dockerfile parsers of npm are editors', and differ from it in continuation, here-documents and white
 * space. Instructions are only split, not understood: what is wrong in one is the builder's to say. Throws DockerfileInvalid
 * for what BuildKit refuses and what has no end.
 */
export function readInstructions(content: Buffer, name: string): Instructions {
  return new Reader(content, name).read();
}

interface Line {
  /** Without what ends it; bytes that are not UTF-8 are replaced. */
  text: string;
  start: number;
  end: number;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;

class Reader {
  private readonly lines: Line[];
  private readonly result: Instructions = {
    instructions: [],
    escapeChar: "\\",
    hasStrictChecks: false,
    dangling: [],
  };
  /** The names of the directives so far; undefined after the first line that is none. */
  private directives: Set<string> | undefined = new Set();
  private checks: number | undefined;
  private at = 0;

  constructor(
    private readonly content: Buffer,
    private readonly name: string,
  ) {
    this.lines = linesOf(content);
  }

  read(): Instructions {
    for (; this.at < this.lines.length; this.at++) {
      const { text, start } = this.lines[this.at] as Line;
      this.readDirective(trimStart(text));
      if (!isCommentOrBlank(text)) {
        this.readInstruction();
        this.checks = undefined;
      } else if (directiveIn(text)?.name === "check") {
        this.checks ??= start;
      }
    }
    return this.result;
  }

  private readDirective(line: string): void {
    const directive = this.directives && directiveIn(line);
    if (!directive) {
      this.directives = undefined;
      return;
    }
    const { name, value } = directive;
    if (this.directives?.has(name)) {
      throw this.invalid(this.at, `has a second # ${name}= directive`, "Leave one of them out.");
    }
    this.directives?.add(name);
    if (name === "escape") {
      if (value !== "\\" && value !== "`") {
        throw this.invalid(this.at, `sets the escape character ${JSON.stringify(value)}`, "It can be \\ or `.");
      }
      this.result.escapeChar = value;
    }
    this.result.hasStrictChecks ||= name === "check" && /(^|;)\s*error\s*=\s*(1|t|true)\s*(;|$)/i.test(value);
  }

  private readInstruction(): void {
    const first = this.at;
    const text = trim(this.joinContinued());
    const [command = "", next = ""] = text.split(/[\t\v\f\r ]+/, 2).map(lowerCase);
    if (command === "") {
      throw this.invalid(first, "continues nothing", "Write an instruction after it, or take it out.");
    }
    const takesHereDocuments = ["run", "copy", "add"].includes(command === "onbuild" ? next : command);
    for (const hereDocument of takesHereDocuments ? hereDocumentsOf(text) : []) {
      this.skip(hereDocument, first);
    }
    this.result.instructions.push({
      name: command,
      text,
      line: first + 1,
      start: this.checks ?? (this.lines[first] as Line).start,
      takesHereDocuments,
    });
  }

  /** The line with those that continue it; goes to the last of them. */
  private joinContinued(): string {
    // The escape character continues a line if nothing but blanks comes after it, and no other one stands right before it.
    const continuation = this.result.escapeChar === "\\" ? /(?<!\\)\\[ \t]*$/ : /(?<!`)`[ \t]*$/;
    let joined = "";
    for (let isFirst = true; this.at < this.lines.length; this.at++, isFirst = false) {
      const { text, end } = this.lines[this.at] as Line;
      if (!isFirst && isCommentOrBlank(text)) {
        continue;
      }
      const continued = text.search(continuation);
      if (continued < 0) {
        this.result.dangling = [];
        return joined + text;
      }
      const part = text.slice(0, continued);
      joined += part;
      // A line that then is blank would end nothing: those before it are to be ended as well.
      const before = trim(part) === "" ? this.result.dangling : [];
      this.result.dangling = [...before, { start: end - (text.length - continued), end }];
    }
    return joined;
  }

  /** Goes to the end of a here-document. */
  private skip({ delimiter, isIndented, isSpaced }: HereDocument, first: number): void {
    const wanted = Buffer.from(delimiter);
    for (let end = this.at + 1; end < this.lines.length; end++) {
      if (this.contentOf(end, isIndented).equals(wanted)) {
        this.at = end;
        return;
      }
    }
    // `1 << 2` has an end for none but older versions of Docker, and newer ones refuse the file.
    if (!isSpaced) {
      throw this.invalid(
        first,
        `begins a here-document that no line ${JSON.stringify(delimiter)} ends`,
        "End it, so that labels can be put after it.",
      );
    }
  }

  private contentOf(index: number, isIndented: boolean): Buffer {
    let { start, end } = this.lines[index] as Line;
    while (isIndented && start < end && this.content[start] === TAB) {
      start++;
    }
    return this.content.subarray(start, end);
  }

  private invalid(index: number, what: string, advice: string): VersionedImageError {
    return new VersionedImageError("DockerfileInvalid", `Line ${index + 1} of ${this.name} ${what}. ${advice}`);
  }
}

/** BuildKit lower-cases character by character, so that the Turkish İ is an i. */
export function lowerCase(text: string): string {
  return text.replaceAll("İ", "i").toLowerCase();
}

function isCommentOrBlank(line: string): boolean {
  const text = trimStart(line);
  return text === "" || text.startsWith("#");
}

function linesOf(content: Buffer): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < content.length; ) {
    const feed = content.indexOf(LINE_FEED, start);
    const next = feed < 0 ? content.length : feed + 1;
    let end = feed < 0 ? next : feed;
    while (end > start && content[end - 1] === CARRIAGE_RETURN) {
      end--;
    }
    const text = content.toString("utf8", start, end);
    lines.push({ text: start === 0 ? text.replace(/^\ufeff/, "") : text, start, end });
    start = next;
  }
  return lines;
}
