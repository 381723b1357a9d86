import * as assert from "node:assert/strict";
import { screenOf } from "../../../scripts/pictures/screen";
import { svg } from "../../../scripts/pictures/svg";

describe("a picture of a terminal", () => {
  async function pictured(written: string, title = "A title"): Promise<string[]> {
    const terminal = { columns: 20, rows: 5 };
    return svg(await screenOf(written, terminal), { columns: terminal.columns, title }).split("\n");
  }

  /** What is drawn, without the frame. */
  async function drawn(written: string): Promise<string[]> {
    return (await pictured(written)).slice(4, -3);
  }

  it("has a background of its own, a name, and a height that fits its lines", async () => {
    assert.deepEqual(await pictured("one\r\ntwo", `<What> "a & b" print`), [
      '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="72" viewBox="0 0 200 72" role="img" aria-label="&lt;What&gt; &quot;a &amp; b&quot; print">',
      "<title>&lt;What&gt; &quot;a &amp; b&quot; print</title>",
      '<rect x="0.5" y="0.5" width="199" height="71" rx="8" fill="#0d1117" stroke="#30363d"/>',
      `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="14" fill="#e6edf3">`,
      '<text x="16" y="31" textLength="25.2">one</text>',
      '<text x="16" y="51" textLength="25.2">two</text>',
      "</g>",
      "</svg>",
      "",
    ]);
  });

  it("has the characters of one look in one piece, each piece at its column", async () => {
    assert.deepEqual(await drawn("a b\x1b[1mc \x1b[0md\x1b[32me"), [
      '<text x="16" y="31" textLength="25.2">a b</text>',
      '<text x="41.2" y="31" textLength="8.4" font-weight="bold">c</text>',
      '<text x="58" y="31" textLength="8.4">d</text>',
      '<text x="66.4" y="31" textLength="8.4" fill="#56d364">e</text>',
    ]);
  });

  it("leaves no blanks to the browser but single ones", async () => {
    assert.deepEqual(await drawn(" a b  日 c   d"), [
      '<text x="24.4" y="31" textLength="25.2">a b</text>',
      '<text x="66.4" y="31" textLength="33.6">日 c</text>',
      '<text x="125.2" y="31" textLength="8.4">d</text>',
    ]);
  });

  it("shows every look, and draws no text where there are only blanks", async () => {
    assert.deepEqual(await drawn("\x1b[44m  \x1b[0m\x1b[2mdim\x1b[0m\x1b[3mslant\x1b[0m \x1b[4;1;31mall\x1b[0m"), [
      '<rect x="16" y="16" width="16.8" height="20" fill="#79c0ff"/>',
      '<text x="32.8" y="31" textLength="25.2" opacity="0.7">dim</text>',
      '<text x="58" y="31" textLength="42" font-style="italic">slant</text>',
      '<text x="108.4" y="31" textLength="25.2" fill="#ff7b72" font-weight="bold" text-decoration="underline">all</text>',
    ]);
  });

  it("gives wide characters two columns", async () => {
    assert.deepEqual(await drawn("日本\x1b[1mx"), [
      '<text x="16" y="31" textLength="33.6">日本</text>',
      '<text x="49.6" y="31" textLength="8.4" font-weight="bold">x</text>',
    ]);
  });

  it("escapes what XML gives a meaning", async () => {
    assert.deepEqual(await drawn(`<a & "b">`), [
      '<text x="16" y="31" textLength="75.6">&lt;a &amp; &quot;b&quot;&gt;</text>',
    ]);
  });

  it("has an empty line's height, too", async () => {
    assert.deepEqual(await drawn("\r\nx"), ['<text x="16" y="51" textLength="8.4">x</text>']);
  });
});
