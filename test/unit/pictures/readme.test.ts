import * as assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";

const ROOT = path.resolve(__dirname, "../../..");
const PAGES = [
  "README.md",
  ...readdirSync(path.join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The pictures of all pages, by file, with what a page says of each to those who can't see it. */
const PICTURES = PAGES.flatMap((page) =>
  [...readFileSync(path.join(ROOT, page), "utf8").matchAll(/!\[(.*?)\]\(([^()]+)\)/gs)].map(
    ([, alt = "", file = ""]) => ({
      alt,
      file: path.join(path.dirname(page), file),
    }),
  ),
);

describe("the pictures of the README and the docs", () => {
  it("are those of a preview, an update and the command line", () => {
    assert.deepEqual(
      PICTURES.map(({ file }) => file),
      ["docs/images/preview.svg", "docs/images/command-line.svg", "docs/images/update.svg"],
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
