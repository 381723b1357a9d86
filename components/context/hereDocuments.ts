import { shellWords } from "./shellWords";

/** A here-document that a line announces: its text begins on the next line. */
export interface HereDocument {
  /** The line that ends it. */
  delimiter: string;
  /** Whether tabs may stand before that (`<<-`). */
  isIndented: boolean;
  /** Whether white space stands before the delimiter, which older versions of Docker don't read as one. */
  isSpaced: boolean;
}

/**
 * The here-documents that a line of RUN, COPY or ADD announces: words that begin with `<<`, perhaps after the number of a file
 * descriptor. What is quoted, as all of the JSON form is, announces none.
 */
export function hereDocumentsOf(line: string): HereDocument[] {
  return (shellWords(line, { raw: true }) ?? []).flatMap((word) => {
    const [, dash, space = "", rest = ""] = /^\d*<<(-?)([\t\n\f\r ]*)([^<]*)$/.exec(word) ?? [];
    const [delimiter, ...more] = shellWords(rest, { raw: false }) ?? [];
    return delimiter === undefined || more.length > 0
      ? []
      : [{ delimiter, isIndented: dash === "-", isSpaced: space !== "" }];
  });
}
