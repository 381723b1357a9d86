/** What a terminal shows where a program asks for no colour. */
export const FOREGROUND = "#e6edf3";
export const BACKGROUND = "#0d1117";

/** The 16 named colours, light enough to be read on the background. */
const NAMED = [
  ["#6e7681", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#c9d1d9"],
  ["#8b949e", "#ffa198", "#7ee787", "#f2cc60", "#a5d6ff", "#e2c5ff", "#76e3ea", "#ffffff"],
].flat();

const CUBE = 16;
const GREYS = 232;
const LEVELS = [0, 95, 135, 175, 215, 255];

/** One of a terminal's 256 colours, for CSS: the named ones, a cube of six levels a side, and shades of grey. */
export function paletteColor(index: number): string {
  const named = NAMED[index];
  if (named) {
    return named;
  }
  if (index >= GREYS) {
    const level = 8 + 10 * (index - GREYS);
    return rgb([level, level, level]);
  }
  const place = index - CUBE;
  return rgb([Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map((level) => LEVELS[level] ?? 0));
}

/** A colour of 24 bits, for CSS. */
export function trueColor(value: number): string {
  return `#${value.toString(16).padStart(6, "0")}`;
}

function rgb([red = 0, green = 0, blue = 0]: number[]): string {
  return trueColor((red << 16) | (green << 8) | blue);
}
