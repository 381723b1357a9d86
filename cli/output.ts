import { styleText } from "node:util";
import type { Clock } from "../components/protocol";
import type { Commit } from "../components/version";

/** What a command prints to, and what it knows of its surroundings. */
export interface Io {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Reads all of standard input. */
  input(): Promise<string>;
  /** Whether standard output shows colour. */
  color: boolean;
  /** Whether standard error is a terminal in which a line can be written anew. */
  terminal: boolean;
  env: NodeJS.ProcessEnv;
  now(): Date;
  /** What is waited by while a tag is set. Default: the time of the process. */
  clock?: Clock;
}

/** 0: fine. 1: the answer is no, or there was an error. Wrong usage, which is 2, is found before a command runs. */
export type Status = 0 | 1;

export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/** Whether what is written shows colour: on a terminal that can, unless whoever sits there wants none (NO_COLOR). */
export function showsColor({ isTTY }: { isTTY?: boolean }, { NO_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  return isTTY === true && !NO_COLOR && TERM !== "dumb";
}

export function paint({ color }: Io, style: Style, text: string): string {
  return color ? styleText(style, text, { validateStream: false }) : text;
}

export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints a result as JSON or for people. */
export function printResult<T>(
  io: Io,
  isJson: boolean | undefined,
  result: T,
  json: (result: T) => unknown,
  text: (result: T) => string,
): void {
  if (isJson) {
    printJson(io, json(result));
  } else {
    io.out(text(result));
  }
}

/** One message on standard error, which ends with its code; `subject` is what it is about where there are several. */
export function printError(io: Io, { code, message }: { code: string; message: string }, subject?: string): void {
  const about = subject === undefined ? "" : `${printable(subject)}: `;
  io.err(`versioned-image: ${about}${printableLines(message)} [${code}]\n`);
}

/**
 * Text that others wrote (subjects, labels, names, a registry's words), for a terminal: control characters and those that turn
 * the direction of writing are shown as escapes.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** Lines that others wrote. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** A time for people, to the minute and in UTC, so that it is the same everywhere. */
export function shortTime(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Rows under each other in columns of equal width; the last one is as long as it is. */
export function columns(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Names with what they mean; further lines of a value are put under its first. */
export function fields(entries: [name: string, value: string[]][], indent = ""): string {
  const width = Math.max(...entries.map(([name]) => name.length)) + 2;
  return entries
    .flatMap(([name, lines]) =>
      lines.map((line, index) => `${indent}${(index === 0 ? name : "").padEnd(width)}${line}`.trimEnd()),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** "1 tag", "2 tags". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A commit in JSON output. */
export interface CommitJson {
  hash: string;
  subject: string;
  author: string;
  /** RFC 3339, in UTC. */
  committedAt: string;
}

export function commitJson({ hash, subject, author, committedAt }: Commit): CommitJson {
  return { hash, subject, author, committedAt: committedAt.toISOString() };
}
