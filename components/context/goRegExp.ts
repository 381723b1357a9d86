/**
 * The regular expression that Go makes of a text, as far as Docker's pattern matcher writes such: groups without options, classes,
 * escapes. Throws SyntaxError if Go has none for it, and for the escapes by name (\p, \Q).
 */
export function goRegExp(source: string): RegExp {
  let translated = "";
  let rest = source;
  while (rest !== "") {
    const [piece, following] = rest.startsWith("[") ? classIn(rest) : pieceIn(rest);
    translated += piece;
    rest = following;
  }
  return new RegExp(translated, "v");
}

/** How often Go repeats a piece. */
const MOST_REPEATS = 1000;

/** What a piece is in JavaScript, and what follows it. */
type Piece = [translated: string, rest: string];

function pieceIn(text: string): Piece {
  if (text.startsWith("\\")) {
    const [escaped, rest] = escapeIn(text);
    return [typeof escaped === "number" ? literal(escaped) : escaped, rest];
  }
  const [repeated, least, , most] = /^\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}/.exec(text) ?? [];
  if (repeated !== undefined) {
    if (Number(least) > MOST_REPEATS || Number(most ?? 0) > MOST_REPEATS) {
      throw new SyntaxError(`${repeated} repeats too often`);
    }
    return [repeated, text.slice(repeated.length)];
  }
  const [character, rest] = firstOf(text);
  if (character === "^" || character === "$") {
    // Go lets a place be repeated.
    return [`(?:${character})`, rest];
  }
  if ("()*?|".includes(character)) {
    return [character, rest];
  }
  return [character === "." ? "[^\\n]" : literal(codeOf(character)), rest];
}

/** A class; the first of what it holds may be a bracket that closes. */
function classIn(text: string): Piece {
  const [, start = ""] = /^(\[\^?)/.exec(text) ?? [];
  let [translated, rest] = [start, text.slice(start.length)];
  for (let first = true; first || !rest.startsWith("]"); first = false) {
    const [, name] = /^\[:(\^?[a-z]+):\]/.exec(rest) ?? [];
    if (name !== undefined) {
      translated += classOf(namedMembers(name.replace("^", "")), name.startsWith("^"));
      rest = rest.slice(name.length + "[::]".length);
      continue;
    }
    const [low, afterLow] = memberIn(rest);
    rest = afterLow;
    if (typeof low !== "number" || !/^-[^\]]/.test(rest)) {
      translated += typeof low === "number" ? literal(low) : low;
      continue;
    }
    const [high, afterHigh] = memberIn(rest.slice(1));
    if (typeof high !== "number" || high < low) {
      throw new SyntaxError(`${text} has an empty range`);
    }
    translated += `${literal(low)}-${literal(high)}`;
    rest = afterHigh;
  }
  return [`${translated}]`, rest.slice(1)];
}

function memberIn(text: string): Member {
  if (!text.startsWith("\\")) {
    const [character, rest] = firstOf(text);
    return [codeOf(character), rest];
  }
  if (PLACES[text[1] ?? ""] !== undefined) {
    throw new SyntaxError(`${text} is an assertion, not a character`);
  }
  return escapeIn(text);
}

/** One character's code, or what stands for several or for a place; and what follows it. */
type Member = [found: number | string, rest: string];

const CONTROLS: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const PLACES: Record<string, string> = { A: "(?:^)", z: "(?:$)", b: "(?:\\b)", B: "(?:\\B)" };
const MEMBERS: Record<string, string> = { d: "0-9", s: "\\t\\n\\f\\r\\u{20}", w: "0-9A-Za-z_" };

function escapeIn(text: string): Member {
  const [octal] = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(text.slice(1)) ?? [];
  if (octal !== undefined) {
    return [Number.parseInt(octal, 8), text.slice(1 + octal.length)];
  }
  const [whole, braced, plain] = /^\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(text) ?? [];
  if (whole !== undefined) {
    return [Number.parseInt(braced ?? plain ?? "", 16), text.slice(whole.length)];
  }
  const [character, rest] = firstOf(text.slice(1));
  const members = MEMBERS[character.toLowerCase()];
  const found = CONTROLS[character] ?? PLACES[character] ?? (members && classOf(members, /[A-Z]/.test(character)));
  if (found === undefined && !/^[\0-/:-@[-`{-\x7f]$/.test(character)) {
    throw new SyntaxError(`\\${character} is not a valid escape`);
  }
  return [found ?? codeOf(character), rest];
}

/** The classes that have a name, in ASCII. */
const NAMED: Record<string, string> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\0-\\x7f",
  blank: "\\t\\u{20}",
  cntrl: "\\0-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-\\x7e",
  lower: "a-z",
  print: "\\u{20}-\\x7e",
  punct: "!-\\x2f:-@\\x5b-\\x60\\x7b-\\x7e",
  space: "\\t-\\r\\u{20}",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

function namedMembers(name: string): string {
  const members = NAMED[name];
  if (members === undefined) {
    throw new SyntaxError(`[:${name}:] is not a character class`);
  }
  return members;
}

function classOf(members: string, isNegated: boolean): string {
  return `[${isNegated ? "^" : ""}${members}]`;
}

function literal(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** A text's first character, and what follows it. */
function firstOf(text: string): [character: string, rest: string] {
  const [character] = text;
  if (character === undefined) {
    throw new SyntaxError("the pattern is incomplete");
  }
  return [character, text.slice(character.length)];
}
