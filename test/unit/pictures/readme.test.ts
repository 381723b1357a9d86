import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";

const ROOT = path.resolve(__dirname, "../../..");
const README = readFileSync(path.join(ROOT, "README.md"), "utf8");

/** The README's pictures, by file, with what it says of each to those who can't see it. */
const PICTURES = [...README.matchAll(/!\[(.*?)\]\(([^()]+)\)/gs)].map(([, alt = "", file = ""]) => ({ alt, file }));

describe("the README's pictures", () => {
  it("are those of a preview, an update and the command line", () => {
    assert.deepEqual(
      PICTURES.map(({ file }) => file),
      ["docs/images/preview.svg", "docs/images/update.svg", "docs/images/command-line.svg"],
    );
  });

  for (const { alt, file } of PICTURES) {
    it(`say what is quoted from them, as pictures drawn anew may not: ${path.basename(file)}`, () => {
      const shown = textOf(readFileSync(path.join(ROOT, file), "utf8"));
      const quoted = [...alt.replace(/\s+/g, " ").matchAll(/“(.*?)”/g)].map(([, quote = ""]) => quote);
      assert.notEqual(quoted.length, 0);
      assert.deepEqual(
        quoted.filter((quote) => !shown.includes(quote)),
        [],
      );
    });
  }
});

/** What is written in a picture. */
function textOf(picture: string): string {
  const pieces = [...picture.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, piece = ""]) => piece);
  const entities: [string, string][] = [
    ["&lt;", "<"],
    ["&gt;", ">"],
    ["&quot;", '"'],
    ["&amp;", "&"],
  ];
  return entities.reduce((text, [entity, character]) => text.replaceAll(entity, character), pieces.join("\n"));
}
