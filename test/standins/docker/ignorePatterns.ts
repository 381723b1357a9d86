import * as path from "node:path";

/** A line of an ignore file. */
interface Pattern {
  /** It begins with `!`: what it matches is sent all the same. */
  isException: boolean;
  matches: RegExp;
}

/** Which of the patterns match a path, one by one, and what follows from them. */
export interface Match {
  ignored: boolean;
  matched: boolean[];
}

export type IgnoreRule = (name: string, parent: Match | undefined) => Match;

/**
 * Reads an ignore file of Docker's. A pattern that matches a directory matches all in it; but as the real provider walks
 * a context, an exception counts only where something is ignored already.
 */
export function ignoreRule(text: string): IgnoreRule {
  const patterns = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map(parse);
  return (name, parent) => {
    let ignored = false;
    const matched = patterns.map(({ isException, matches }, index) => {
      const match = parent?.matched[index] || (isException === ignored && matches.test(name));
      ignored = match ? !isException : ignored;
      return match;
    });
    return { ignored, matched };
  };
}

function parse(line: string): Pattern {
  const isException = line.startsWith("!");
  const cleaned = path.posix.normalize(line.slice(isException ? 1 : 0).trim());
  const pattern = cleaned.replace(/^\/(?=.)/, "").replace(/(?<=.)\/$/, "");
  // Two stars are any number of directories, one is anything within a name; a class such as [a-c] is a RegExp's own.
  const source = pattern.replace(/\*\*+\/?$|\*\*+\/?|\*|\?|\\.|[.+^${}()|]/g, (found, at: number) => {
    if (found.startsWith("**")) {
      return at + found.length === pattern.length ? ".*" : "(?:.*/)?";
    }
    return found === "*" ? "[^/]*" : found === "?" ? "[^/]" : found.startsWith("\\") ? found : `\\${found}`;
  });
  return { isException, matches: new RegExp(`^${source}$`, "s") };
}
