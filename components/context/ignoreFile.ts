import { readFile, stat } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { goRegExp } from "./goRegExp";

/** What Docker leaves out of a context. */
export interface IgnoreFile {
  /** The file that says so, relative to the context; undefined if there is none. */
  name: string | undefined;
  /** Whether a file is left out. */
  ignores(file: string): boolean;
  /** Whether all that a directory holds is left out, so that it need not be looked into. */
  ignoresAllOf(directory: string): boolean;
}

/**
 * Reads a context's ignore file; Docker prefers the one that is named after the Dockerfile. A named context has none of that name, since
 * its Dockerfile is elsewhere. Throws StagingFailed.
 */
export async function readIgnoreFile(context: string, dockerfile: string | undefined): Promise<IgnoreFile> {
  for (const name of [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), ".dockerignore"]) {
    const content = await contentOf(path.join(context, name), name);
    if (content !== undefined) {
      return { name, ...matching(content, name) };
    }
  }
  return { name: undefined, ignores: () => false, ignoresAllOf: () => false };
}

async function contentOf(file: string, name: string): Promise<string | undefined> {
  try {
    // To open a pipe would be to wait for who writes into it.
    if ((await stat(file)).isFile()) {
      return await readFile(file, "utf8");
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw unusable(name, "can't be read", error);
  }
  throw unusable(name, "is not a file");
}

function matching(content: string, name: string): Omit<IgnoreFile, "name"> {
  try {
    const { takesBack, ignores } = readIgnorePatterns(content);
    return { ignores, ignoresAllOf: (directory) => !takesBack && ignores(directory) };
  } catch (error) {
    throw unusable(name, "has an invalid pattern", error);
  }
}

function unusable(name: string, what: string, cause?: unknown): VersionedImageError {
  const words = cause instanceof Error ? ` (${cause.message})` : "";
  return new VersionedImageError(
    "StagingFailed",
    `${name} ${what}${words}. Nothing was built. Correct it, then run again.`,
    {
      cause,
    },
  );
}

/** What an ignore file leaves out of a context, by the rules of Docker's own pattern matcher (moby/patternmatcher). */
export interface IgnorePatterns {
  /** Whether some pattern takes back what others leave out. */
  takesBack: boolean;
  /** Whether a file is left out. */
  ignores(file: string): boolean;
}

interface Pattern {
  /** What it says begins with "!". */
  takesBack: boolean;
  matches(file: string): boolean;
}

/** Reads the lines of an ignore file. Throws SyntaxError if one means nothing to Docker. */
export function readIgnorePatterns(content: string): IgnorePatterns {
  const patterns = linesOf(content).flatMap((line) => readPattern(line) ?? []);
  return {
    takesBack: patterns.some(({ takesBack }) => takesBack),
    ignores(file) {
      const names = file.split("/");
      // A directory's files go with it.
      const paths = [file, ...names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"))];
      let ignored = false;
      for (const { takesBack, matches } of patterns) {
        if (takesBack === ignored && paths.some(matches)) {
          ignored = !takesBack;
        }
      }
      return ignored;
    },
  };
}

/** What the lines say, each as a path from the context. */
function linesOf(content: string): string[] {
  return content
    .replace(/^\ufeff/, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map(trimmed)
    .map((line) => (line.startsWith("!") ? `!${fromContext(trimmed(line.slice(1)))}` : fromContext(line)));
}

function fromContext(text: string): string {
  const shortest = cleaned(text);
  return shortest.length > 1 ? shortest.replace(/^\//, "") : shortest;
}

/** Undefined for an empty line. A "!" that only comes to the front by what stood before it counts as well, as Docker has it. */
function readPattern(line: string): Pattern | undefined {
  const text = cleaned(trimmed(line));
  if (text === "") {
    return undefined;
  }
  const takesBack = text.startsWith("!");
  const pattern = takesBack ? text.slice(1) : text;
  if (pattern === "") {
    throw new SyntaxError(`"${line}" is not a valid exclusion`);
  }
  requireWellFormed(pattern);
  return { takesBack, matches: matcherOf(pattern) };
}

/** White space as Go has it. */
function trimmed(text: string): string {
  const white = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  return text.replace(new RegExp(`^${white}|${white}$`, "g"), "");
}

/** The shortest path of the same meaning. */
function cleaned(text: string): string {
  const shortest = text === "" ? "" : path.posix.normalize(text);
  return shortest.length > 1 ? shortest.replace(/\/$/, "") : shortest;
}

/** Brackets must close and hold something, and an escape must escape something. */
function requireWellFormed(pattern: string): void {
  const one = String.raw`(?:\\.|[^\\\]-])`;
  const wellFormed = new RegExp(String.raw`^(?:\\.|[^\\[]|\[\^?(?:${one}(?:-${one})?)+\])*$`, "su");
  if (!wellFormed.test(pattern)) {
    throw new SyntaxError(`"${pattern}" is not a valid pattern`);
  }
}

/**
 * What a pattern means beyond that of filepath.Match: "**" stands for any directories, at its end for all below, and before a
 * name without other wildcards for any beginning.
 */
function matcherOf(pattern: string): (file: string) => boolean {
  const isPlain = (text: string) => !/[*?\\[\]]/.test(text);
  if (isPlain(pattern)) {
    return (file) => file === pattern;
  }
  const afterStars = pattern.slice(2);
  if (pattern.startsWith("**") && isPlain(afterStars)) {
    return (file) => file.endsWith(afterStars) || `/${file}` === afterStars;
  }
  const beforeStars = pattern.slice(0, -2);
  if (pattern.endsWith("**") && isPlain(beforeStars)) {
    return (file) => file.startsWith(beforeStars);
  }
  const expression = goRegExp(`^${pattern.replace(TOKEN, translated)}$`);
  return (file) => expression.test(file);
}

const TOKEN = /\\.|\*\*\/?|[*?]|[.+()$]/gsu;

/**
 * A piece of a pattern as Docker writes it into a regular expression, in a class as well. What it leaves as it is means there what
 * it means to Go: "|" and braces, in a pattern with wildcards.
 */
function translated(piece: string, offset: number, pattern: string): string {
  if (piece.startsWith("**")) {
    return offset + piece.length === pattern.length ? ".*" : "(.*/)?";
  }
  if (piece === "*" || piece === "?") {
    return piece === "*" ? "[^/]*" : "[^/]";
  }
  return piece.startsWith("\\") ? piece : `\\${piece}`;
}
