import { Terminal as Emulator, type IBufferCell } from "@xterm/headless";
import { BACKGROUND, FOREGROUND, paletteColor, trueColor } from "./colors";
import type { Terminal } from "./record";

/** How a character looks. */
export interface Look {
  /** For CSS. */
  color: string;
  /** For CSS; undefined: the terminal's own. */
  background: string | undefined;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

export interface Cell {
  /** A character, or a blank. */
  text: string;
  /** 2 for wide characters, which have no cell beside them. */
  width: number;
  look: Look;
}

/**
 * What a terminal shows in the end, after all that was written to it: every line up to its last visible character, with those
 * that were scrolled away.
 */
export async function screenOf(written: string, { columns, rows }: Terminal): Promise<Cell[][]> {
  const emulator = new Emulator({ cols: columns, rows, scrollback: 100_000, allowProposedApi: true });
  await new Promise<void>((resolve) => emulator.write(written, resolve));
  const buffer = emulator.buffer.active;
  const lines = Array.from({ length: buffer.length }, (_, row) => {
    const line = buffer.getLine(row);
    const cells = Array.from({ length: columns }, (_, column) => line?.getCell(column));
    return upToLast(
      isVisible,
      cells.flatMap((cell) => (cell && cell.getWidth() > 0 ? [cellOf(cell)] : [])),
    );
  });
  emulator.dispose();
  return upToLast((line) => line.length > 0, lines);
}

function upToLast<T>(matches: (one: T) => boolean, all: T[]): T[] {
  return all.slice(0, all.findLastIndex(matches) + 1);
}

function isVisible({ text, look }: Cell): boolean {
  return text !== " " || look.background !== undefined || look.underline;
}

function cellOf(cell: IBufferCell): Cell {
  const color = colorOf(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor());
  const background = colorOf(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor());
  const inverse = cell.isInverse() !== 0;
  return {
    text: cell.getChars() || " ",
    width: cell.getWidth(),
    look: {
      color: (inverse ? (background ?? BACKGROUND) : color) ?? FOREGROUND,
      background: inverse ? (color ?? FOREGROUND) : background,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
      italic: cell.isItalic() !== 0,
      underline: cell.isUnderline() !== 0,
    },
  };
}

function colorOf(isTrue: boolean, isPalette: boolean, value: number): string | undefined {
  if (isTrue) {
    return trueColor(value);
  }
  return isPalette ? paletteColor(value) : undefined;
}
