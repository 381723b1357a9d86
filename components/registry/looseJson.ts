/** JSON as Docker's client reads it, which is written in Go. */

/** The first value of a text, and what follows it; without a value if there is none. Throws SyntaxError if it is no JSON. */
export function firstValue(text: string): { value?: unknown; rest: string } {
  const start = text.search(/[^ \t\r\n]/);
  if (start < 0) {
    return { rest: "" };
  }
  const end = endOfValue(text, start);
  return { value: JSON.parse(text.slice(start, end)), rest: text.slice(end).trim() };
}

/** Where a value ends that begins here: where its last bracket closes. Only an object or list can be told from what follows. */
function endOfValue(text: string, start: number): number {
  const piece = /"(?:[^"\\]|\\[\s\S])*"|[{}[\]]/g;
  piece.lastIndex = start;
  let depth = 0;
  for (let match = piece.exec(text); match; match = piece.exec(text)) {
    depth += { "{": 1, "[": 1, "}": -1, "]": -1 }[match[0]] ?? 0;
    if (depth <= 0) {
      return piece.lastIndex;
    }
  }
  return text.length;
}

/** The fields of an object by a name, whose case does not count; of several, the last is meant. */
export function fieldOf(record: Record<string, unknown>, name: string): unknown {
  const found = Object.entries(record).filter(([key]) => key.toLowerCase() === name.toLowerCase());
  return found.at(-1)?.[1];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
