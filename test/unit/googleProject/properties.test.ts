import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { parseProperties } from "../../../components/googleProject/properties";

function project(text: string): string | undefined {
  const { sections, fault } = parseProperties(text);
  return fault ?? sections.get("core")?.get("project");
}

/** What Python's own parser makes of each text: an object of sections, or null where it refuses the text. */
const PYTHON = `
import configparser, json, sys
def read(text):
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {section: dict(parser.items(section)) for section in parser.sections()}
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;

describe("gcloud's properties", () => {
  const cases: [what: string, text: string, project: string | undefined][] = [
    ["as gcloud writes them", "[core]\naccount = me@example.com\nproject = shop\n\n[compute]\nzone = a\n", "shop"],
    ["of another section", "[compute]\nproject = shop\n", undefined],
    ["with a colon, capitals and blanks", "  [core]\n  Project :  example.com:shop  \n", "example.com:shop"],
    ["with comments", "# a\n[core]\n; project = no\nproject=shop\n", "shop"],
    ["with a comment that belongs to the value", "[core]\nproject = shop # ours\n", "shop # ours"],
    ["of Windows", "[core]\r\nproject = shop\r\n", "shop"],
    ["that all sections have", "[DEFAULT]\nproject = shop\n[core]\n", "shop"],
    ["that are empty", "", undefined],
    ["without a value", "[core]\nproject =\n", ""],
    ["before any section", "project = shop\n", "line 1 is no property"],
    ["that say it twice", "[core]\nproject = a\nproject = b\n", "line 3 is no property"],
    ["of a section that begins twice", "[core]\n[a]\n[core]\n", "line 3 begins the section core again"],
    ["that are something else", "[core]\n<html>\n", "line 2 is no property"],
  ];
  for (const [what, text, expected] of cases) {
    it(`are read ${what}`, () => {
      assert.equal(project(text), expected);
    });
  }

  it("are read as Python's configparser reads them, whatever they are", function () {
    if (spawnSync("python3", ["--version"]).status !== 0) {
      console.log("There is no python3 here: gcloud's properties were not compared with its own parser.");
      this.skip();
    }
    const word = fc.constantFrom(
      "core",
      "project",
      "Project",
      "zone",
      "DEFAULT",
      "shop",
      "a.b",
      "-",
      "#",
      ";",
      "[",
      "]",
    );
    const piece = fc.oneof(word, fc.constantFrom(" ", "  ", "\t", "=", ":", "[core]", "[DEFAULT]", "project = shop"));
    const mixed = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    const usual = fc.constantFrom(
      "",
      "[core]",
      "[compute]",
      "project = shop",
      "  project: a",
      "zone=b",
      "   more",
      "# c",
    );
    const line = fc.oneof(usual, usual, usual, mixed);
    const ending = fc.constantFrom("\n", "\n", "\n", "\r\n");
    const text = fc
      .array(fc.tuple(line, ending), { maxLength: 8 })
      .map((lines) => lines.map(([content, end]) => content + end).join(""));
    const started = text.map((rest) => `[core]\n${rest}`);
    const texts = fc.sample(fc.oneof(text, started), 5000);
    const { stdout, stderr } = spawnSync("python3", ["-c", PYTHON], {
      input: JSON.stringify(texts.map((one) => one.replaceAll("\r\n", "\n"))),
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.equal(stderr, "");
    const expected = JSON.parse(stdout) as (Record<string, Record<string, string>> | null)[];
    const read = expected.filter((one) => one?.core?.project !== undefined).length;
    assert.ok(read > 200 && expected.includes(null), `${read} of the texts had a project`);
    for (const [index, one] of texts.entries()) {
      const { sections, fault } = parseProperties(one);
      const plain = [...sections]
        .filter(([name]) => name !== "DEFAULT")
        .map(([name, values]) => [name, Object.fromEntries(values)]);
      assert.deepEqual(fault === undefined ? Object.fromEntries(plain) : null, expected[index], JSON.stringify(one));
    }
  });
});
