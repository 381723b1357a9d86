import * as assert from "node:assert/strict";
import { BACKGROUND, FOREGROUND, paletteColor } from "../../../scripts/pictures/colors";
import { type Cell, type Look, screenOf } from "../../../scripts/pictures/screen";

const PLAIN: Look = {
  color: FOREGROUND,
  background: undefined,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
};
const SMALL = { columns: 8, rows: 3 };

describe("what a terminal shows in the end", () => {
  async function texts(written: string): Promise<string[]> {
    const lines = await screenOf(written, SMALL);
    return lines.map((line) => line.map(({ text }) => text).join(""));
  }

  async function looks(written: string): Promise<Cell[]> {
    const [line = []] = await screenOf(written, SMALL);
    return line.filter(({ text }) => text !== " ");
  }

  it("is what was written, without blanks at the end of a line and lines at the end that are empty", async () => {
    assert.deepEqual(await texts(" one  \r\n\r\ntwo\r\n \r\n"), [" one", "", "two"]);
    assert.deepEqual(await texts(""), []);
  });

  it("has blanks at the end of a line that can be seen", async () => {
    assert.deepEqual(await texts("1\x1b[44m \x1b[0m \r\n2 \x1b[4m \x1b[0m "), ["1 ", "2  "]);
  });

  it("has the last of what was written in one place", async () => {
    assert.deepEqual(await texts("one\r\ntwo\r\n\x1b[2A\x1b[2Kthree"), ["three", "two"]);
  });

  it("has what was scrolled away, too", async () => {
    assert.deepEqual(await texts("1\r\n2\r\n3\r\n4\r\n5"), ["1", "2", "3", "4", "5"]);
  });

  it("goes on in the next line where one is full", async () => {
    assert.deepEqual(await texts("123456789"), ["12345678", "9"]);
  });

  it("has a character's look", async () => {
    const sequences = ["1", "2", "3", "4", "31", "38;5;208", "38;2;1;2;255", "44"];
    const written = sequences.map((sequence) => `\x1b[${sequence}mx\x1b[0m`).join("");
    assert.deepEqual(
      (await looks(written)).map(({ look }) => look),
      [
        { ...PLAIN, bold: true },
        { ...PLAIN, dim: true },
        { ...PLAIN, italic: true },
        { ...PLAIN, underline: true },
        { ...PLAIN, color: "#ff7b72" },
        { ...PLAIN, color: "#ff8700" },
        { ...PLAIN, color: "#0102ff" },
        { ...PLAIN, background: "#79c0ff" },
      ],
    );
  });

  it("swaps the colours of what is inverse, the terminal's own included", async () => {
    assert.deepEqual(
      (await looks("\x1b[7mx\x1b[31my\x1b[44mz")).map(({ look }) => look),
      [
        { ...PLAIN, color: BACKGROUND, background: FOREGROUND },
        { ...PLAIN, color: BACKGROUND, background: "#ff7b72" },
        { ...PLAIN, color: "#79c0ff", background: "#ff7b72" },
      ],
    );
  });

  it("gives wide characters two places, and joins what is written over a character to it", async () => {
    assert.deepEqual(
      (await looks("日e\u0301x")).map(({ text, width }) => [text, width]),
      [
        ["日", 2],
        ["e\u0301", 1],
        ["x", 1],
      ],
    );
  });
});

describe("the 256 colours of a terminal", () => {
  it("are the named ones, a cube and shades of grey", () => {
    assert.deepEqual([0, 1, 15, 16, 21, 46, 196, 231, 232, 255].map(paletteColor), [
      "#6e7681",
      "#ff7b72",
      "#ffffff",
      "#000000",
      "#0000ff",
      "#00ff00",
      "#ff0000",
      "#ffffff",
      "#080808",
      "#eeeeee",
    ]);
  });
});
