import { SPACE } from "./whiteSpace";

/** Whether quotes and escape characters stay in the words as they are written. */
export interface ShellWordsOptions {
  raw: boolean;
}

/**
 * The words of a line as BuildKit's own small shell splits it, in which no variable is set: they stay as they are written.
 * Its oddities are kept, since they decide where here-documents begin: what stands before `${name:-word}` in a word is lost,
 * and white space within it separates words. Undefined where a quote or a substitution does not end.
 */
export function shellWords(line: string, { raw }: ShellWordsOptions): string[] | undefined {
  try {
    return new Shell(line, raw).words();
  } catch (error) {
    if (error instanceof NotAWord) {
      return undefined;
    }
    throw error;
  }
}

class NotAWord extends Error {}

const IS_SPACE = new RegExp(SPACE);
const ESCAPE = "\\";
/** What a name in braces may be: a number, a special parameter, or letters. */
const NAME = /\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*|/uy;

/** A part of a line: only text that is not quoted is split into words. */
interface Piece {
  text: string;
  isQuoted: boolean;
}

class Shell {
  private at = 0;
  private word = "";
  private readonly text: string;
  private keepsEscapes: boolean;

  constructor(
    text: string,
    private readonly keepsQuotes: boolean,
  ) {
    this.text = text.replace(/^\ufeff/, "");
    this.keepsEscapes = keepsQuotes;
  }

  words(): string[] {
    const words: string[] = [];
    const end = () => {
      if (this.word !== "") {
        words.push(this.word);
      }
      this.word = "";
    };
    while (this.peek() !== "") {
      const { text, isQuoted } = this.piece();
      for (const char of text) {
        if (isQuoted || !IS_SPACE.test(char)) {
          this.word += char;
        } else {
          end();
        }
      }
    }
    end();
    return words;
  }

  /** The next character; nothing at the end. */
  private peek(): string {
    const code = this.text.codePointAt(this.at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  private take(): string {
    const char = this.peek();
    this.at += char.length;
    return char;
  }

  private piece(): Piece {
    switch (this.peek()) {
      case "$":
        return { text: this.substitution(), isQuoted: false };
      case "<":
        return { text: this.redirection(), isQuoted: true };
      case "'":
        return { text: this.singleQuoted(), isQuoted: true };
      case '"':
        return { text: this.doubleQuoted(), isQuoted: true };
      case ESCAPE:
        return { text: this.escaped(), isQuoted: true };
      default:
        return { text: this.take(), isQuoted: false };
    }
  }

  private escaped(): string {
    const char = this.take();
    return (this.keepsEscapes ? char : "") + this.take();
  }

  /** White space after `<<` belongs to the same word: the delimiter of a here-document may follow it. */
  private redirection(): string {
    const [found] = /^<(<[\t\r ]*)?/.exec(this.text.slice(this.at)) ?? [""];
    this.at += found.length;
    return found;
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) {
      throw new NotAWord();
    }
    const quoted = this.text.slice(this.at, end + 1);
    this.at = end + 1;
    return this.keepsQuotes ? quoted : quoted.slice(1, -1);
  }

  private doubleQuoted(): string {
    const quote = this.keepsQuotes ? '"' : "";
    let quoted = "";
    this.take();
    while (this.peek() !== '"') {
      quoted += this.peek() === "$" ? this.substitution() : this.takeQuoted();
    }
    this.take();
    return quote + quoted + quote;
  }

  private takeQuoted(): string {
    const char = this.takeOrFail();
    if (char !== ESCAPE) {
      return char;
    }
    const next = this.peek();
    const isEscaped = ['"', "$", ESCAPE].includes(next);
    return (this.keepsEscapes ? ESCAPE : "") + (isEscaped ? this.take() : ESCAPE);
  }

  private substitution(): string {
    this.take();
    if (this.peek() !== "{") {
      // A dollar is the name of a variable itself; every other name is text like any.
      return this.peek() === "$" ? `$${this.take()}` : "$";
    }
    this.take();
    if (["", "{", "}", ":"].includes(this.peek())) {
      throw new NotAWord();
    }
    NAME.lastIndex = this.at;
    const [name] = NAME.exec(this.text) ?? [""];
    this.at += name.length;
    const operator = this.take();
    switch (operator) {
      case "}":
        return `\${${name}}`;
      case "/": {
        if (this.peek() === "/") {
          this.take();
        }
        const pattern = this.until("/", true);
        return `\${${name}/${pattern}/${this.until("}", true)}}`;
      }
      case ":": {
        const modifier = this.takeOrFail();
        if (modifier === "#" || modifier === "%") {
          throw new NotAWord();
        }
        return `\${${name}:${modifier}${this.until("}", false)}}`;
      }
      case "#":
      case "%":
        return `\${${name}${operator}${this.until("}", true)}}`;
      case "+":
      case "-":
      case "?":
        return `\${${name}${operator}${this.until("}", false)}}`;
      default:
        throw new NotAWord();
    }
  }

  /** What stands before a character, which is taken too. */
  private until(stop: string, keepsEscapes: boolean): string {
    const outer = this.keepsEscapes;
    this.keepsEscapes = keepsEscapes;
    let found = "";
    while (this.peek() !== stop) {
      if (this.peek() === "") {
        throw new NotAWord();
      }
      found += this.piece().text;
    }
    this.take();
    this.keepsEscapes = outer;
    this.word = "";
    return found;
  }

  private takeOrFail(): string {
    if (this.peek() === "") {
      throw new NotAWord();
    }
    return this.take();
  }
}
