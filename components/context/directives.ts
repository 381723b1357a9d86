import { trimStart } from "./whiteSpace";

/** A setting in a comment at the very beginning of a Dockerfile, such as `# escape=`. */
export interface Directive {
  /** In lower case. */
  name: string;
  value: string;
}

const NAMES = ["syntax", "check", "escape"];

/** The directive that a line is, with what stands before it (`#`); undefined if it is none. */
export function directiveIn(line: string, prefix = "#"): Directive | undefined {
  if (!line.startsWith(prefix)) {
    return undefined;
  }
  const text = trimStart(line.slice(prefix.length));
  const [, name = "", value = ""] =
    /^([a-z][a-z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*([^\n]+?)[\t\n\f\r ]*$/i.exec(text) ?? [];
  return NAMES.includes(name.toLowerCase()) ? { name: name.toLowerCase(), value } : undefined;
}

/**
 * The frontend that a Dockerfile asks BuildKit for (`# syntax=`), by its reference; undefined if it asks for none. BuildKit
 * looks for it in a file of any language: also after `//`, after a line for a shell, and in JSON.
 */
export function frontendOf(text: string): string | undefined {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  if (lines[0]?.startsWith("#!")) {
    lines.shift();
  }
  return syntaxIn(lines, "#") ?? syntaxIn(lines, "//") ?? syntaxInJson(lines.join("\n"));
}

function syntaxIn(lines: string[], prefix: string): string | undefined {
  for (const line of lines) {
    const directive = directiveIn(line.replace(/\r$/, ""), prefix);
    if (directive?.name === "syntax") {
      return directive.value.split(" ", 1)[0];
    }
    if (!directive) {
      return undefined;
    }
  }
  return undefined;
}

function syntaxInJson(text: string): string | undefined {
  if (!trimStart(text).startsWith("{")) {
    return undefined;
  }
  try {
    const { syntax } = JSON.parse(text) as { syntax?: unknown };
    return typeof syntax === "string" ? syntax : undefined;
  } catch {
    // Most files that begin so are no JSON.
    return undefined;
  }
}
