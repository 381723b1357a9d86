/**
 * A character that Docker's programs, which are written in Go, take for white space: Unicode's, for a regular expression.
 * JavaScript's own differ by two of them, the next line and the byte order mark.
 */
export const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`${SPACE}+$`);

/** The text without the white space before it. */
export function trimStart(text: string): string {
  return text.replace(LEADING, "");
}

/** The text without the white space around it. */
export function trim(text: string): string {
  return trimStart(text).replace(TRAILING, "");
}
