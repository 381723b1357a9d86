import { InvalidArgumentError } from "commander";

const UNITS: Record<string, number> = { h: 60 * 60 * 1000, d: 24 * 60 * 60 * 1000, w: 7 * 24 * 60 * 60 * 1000 };

/** Reads a number of hours, days or weeks, such as 12h, 30d or 4w, as milliseconds. */
export function readDuration(text: string): number {
  const [, number, unit = ""] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (number === undefined) {
    throw new InvalidArgumentError("Say hours, days or weeks, such as 12h, 30d or 4w.");
  }
  return Number(number) * (UNITS[unit] ?? 0);
}

/** Reads a whole number from 0 on. */
export function readNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) {
    throw new InvalidArgumentError("Say a whole number.");
  }
  return Number(text);
}

/** Reads a whole number from 1 on. */
export function readCount(text: string): number {
  const count = readNumber(text);
  if (count === 0) {
    throw new InvalidArgumentError("Say a whole number from 1 on.");
  }
  return count;
}
