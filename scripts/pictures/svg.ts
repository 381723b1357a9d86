import { BACKGROUND, FOREGROUND } from "./colors";
import type { Cell, Look } from "./screen";

export interface Frame {
  /** How wide the terminal was, in characters. */
  columns: number;
  /** What is to be seen, for those who can't see it. */
  title: string;
}

const FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";
const FONT_SIZE = 14;
/** The box of a character. */
const [WIDTH, HEIGHT] = [8.4, 20];
/** From the top of its box to the line that it stands on. */
const BASELINE = 15;
const MARGIN = 16;

/** A picture of a terminal's lines. Its text is text, and its background its own, so that the page's may be light or dark. */
export function svg(lines: Cell[][], { columns, title }: Frame): string {
  const width = rounded(2 * MARGIN + columns * WIDTH);
  const height = 2 * MARGIN + lines.length * HEIGHT;
  const name = escaped(title);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}">`,
    `<title>${name}</title>`,
    `<rect x="0.5" y="0.5" width="${rounded(width - 1)}" height="${height - 1}" rx="8" fill="${BACKGROUND}" stroke="#30363d"/>`,
    `<g font-family="${FONTS}" font-size="${FONT_SIZE}" fill="${FOREGROUND}">`,
    ...lines.flatMap((line, row) => stretches(line).flatMap((stretch) => drawn(stretch, MARGIN + row * HEIGHT))),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** Neighbours of one look. */
interface Stretch {
  column: number;
  width: number;
  cells: Cell[];
  look: Look;
}

function stretches(line: Cell[]): Stretch[] {
  const found: Stretch[] = [];
  let column = 0;
  for (const cell of line) {
    const last = found.at(-1);
    if (last && sameLook(last.look, cell.look)) {
      last.cells.push(cell);
      last.width += cell.width;
    } else {
      found.push({ column, width: cell.width, cells: [cell], look: cell.look });
    }
    column += cell.width;
  }
  return found;
}

function sameLook(one: Look, other: Look): boolean {
  return (Object.keys(one) as (keyof Look)[]).every((property) => one[property] === other[property]);
}

interface Phrase {
  column: number;
  width: number;
  text: string;
}

/** What is written in a stretch. Of more blanks than one a browser shows one, so what comes after them has a place of its own. */
function phrases({ column: first, cells }: Stretch): Phrase[] {
  const found: Phrase[] = [];
  let column = first;
  let blanks = 0;
  for (const { text, width } of cells) {
    const last = found.at(-1);
    if (text === " ") {
      blanks++;
    } else if (last && blanks < 2) {
      last.text += " ".repeat(blanks) + text;
      last.width += blanks + width;
      blanks = 0;
    } else {
      found.push({ column, width, text });
      blanks = 0;
    }
    column += width;
  }
  return found;
}

function drawn(stretch: Stretch, top: number): string[] {
  const { look } = stretch;
  const texts = phrases(stretch).map(({ text, ...place }) => {
    const { left, across } = extent(place);
    // With its length given, the columns stay under each other in every font.
    const attributes = `x="${left}" y="${top + BASELINE}" textLength="${across}"${attributesOf(look)}`;
    return `<text ${attributes}>${escaped(text)}</text>`;
  });
  if (look.background === undefined) {
    return texts;
  }
  const { left, across } = extent(stretch);
  return [`<rect x="${left}" y="${top}" width="${across}" height="${HEIGHT}" fill="${look.background}"/>`, ...texts];
}

function extent({ column, width }: { column: number; width: number }) {
  return { left: rounded(MARGIN + column * WIDTH), across: rounded(width * WIDTH) };
}

function attributesOf({ color, bold, dim, italic, underline }: Look): string {
  return [
    color !== FOREGROUND && ` fill="${color}"`,
    bold && ' font-weight="bold"',
    dim && ' opacity="0.7"',
    italic && ' font-style="italic"',
    underline && ' text-decoration="underline"',
  ]
    .filter(Boolean)
    .join("");
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}

/** Tenths are enough, and hide how computers add. */
function rounded(length: number): number {
  return Math.round(10 * length) / 10;
}
