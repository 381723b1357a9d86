import * as assert from "node:assert/strict";
import fc from "fast-check";
import { readIgnorePatterns } from "../../../components/context/ignoreFile";
import { LONG } from "../../support/long";
import { Originals } from "../../support/originals";

/** How many ignore files are made up. */
const COUNT = LONG ? 20_000 : 2_000;

const PATHS = [
  "a",
  "b",
  "ab",
  "a.b",
  "axb",
  "a/b",
  "a/b/c",
  "a/a/a",
  "b/a",
  "b/c/a.b",
  "a|b",
  "a+",
  "aa",
  "a b",
  " a",
  "a\\b",
  "a]",
  "[a]",
  "!a",
  "#a",
  "-",
  "^",
  "1",
  "\u0007",
  "a\nb",
  "\u00e9",
  "\u{1f600}",
  "..a",
  ".git/config",
  "$x{1}",
];

const PIECES = [
  ..."ab.+|(){}$^-1! #/*?[]\\".split(""),
  "**",
  "**/",
  "/**",
  "../",
  "./",
  "a/b",
  "[a-b]",
  "[^a]",
  "[!a]",
  "[b-a]",
  "[\\]a]",
  "[*]",
  "[**]",
  "[[:alpha:]]",
  "[[:^digit:]a]",
  "[\\d.]",
  "\\*",
  "\\d",
  "\\a",
  "\\61",
  "\\x61",
  "\\y",
  "\u00e9",
  "\u{1f600}",
  "\u00a0",
  "\t",
  "\r",
];

describe("the patterns of an ignore file", () => {
  const ignored = (content: string, ...paths: string[]) => {
    const { ignores } = readIgnorePatterns(content);
    return paths.filter(ignores);
  };

  for (const [content, paths] of [
    ["a|b", ["a|b"]],
    ["a+", ["a+"]],
    ["a.b", ["a.b"]],
    ["$x{1}", ["$x{1}"]],
    ["# a\n\n  a  ", ["a", "a/b", "a/b/c", "a/a/a"]],
    ["\ufeff# a\n/a/./b/", ["a/b", "a/b/c"]],
    ["*\n!a/b/c", ["a/b/c"]],
    ["**/c", ["a/b/c", "b/c/a.b"]],
    ["[^a]", ["b", "b/a", "b/c/a.b", "-", "^", "1", "\u0007", "\u00e9", "\u{1f600}"]],
  ] as const) {
    it(JSON.stringify(content), () => {
      const found = ignored(content, ...PATHS);
      assert.deepEqual(content.includes("!") ? PATHS.filter((path) => !found.includes(path)) : found, paths);
    });
  }

  for (const content of ["!", "! ", "!/", "[", "[]", "a[b", "a\\", "[a-]", "[b-a]", "\\y"]) {
    it(`${JSON.stringify(content)} means nothing`, () => {
      assert.throws(() => readIgnorePatterns(content), SyntaxError);
    });
  }

  function readOrRefuse(content: string): string[] | undefined {
    try {
      return ignored(content, ...PATHS);
    } catch (error) {
      assert.ok(error instanceof SyntaxError, `${JSON.stringify(content)}: ${error}`);
      return undefined;
    }
  }

  it("leave out what Docker's own matcher leaves out", async function () {
    const parser = await Originals.get();
    if (!parser) {
      console.log("      (skipped: there is no Go to build Docker's matcher with)");
      this.skip();
    }
    const line = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
    const file = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("\n"));
    const contents = fc.sample(file, { numRuns: COUNT, seed: 1 });
    const answers = parser.ignored(contents.map((content) => ({ content: Buffer.from(content), paths: PATHS })));
    const count = { alike: 0, refusedByBoth: 0, refusedHere: 0 };
    const wrong: unknown[] = [];
    contents.forEach((content, index) => {
      const expected = answers[index] && PATHS.filter((_, number) => answers[index]?.[number]);
      const found = readOrRefuse(content);
      if (found === undefined) {
        // Docker reads a pattern when it gets there: what no file leads to may be malformed.
        count[expected === undefined ? "refusedByBoth" : "refusedHere"]++;
      } else if (JSON.stringify(found) === JSON.stringify(expected)) {
        count.alike++;
      } else {
        wrong.push({ content, found, expected });
      }
    });
    console.log(`      ${COUNT} ignore files: ${JSON.stringify(count)}, ${wrong.length} otherwise than Docker`);
    assert.ok(count.alike > COUNT / 2 && count.refusedHere < COUNT / 20, JSON.stringify(count));
    assert.deepEqual(wrong.slice(0, 8), []);
  });
});
